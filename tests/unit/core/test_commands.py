"""What a command would do, judged by its argument list alone (R7, S1)."""

from __future__ import annotations

import shlex

import pytest
from hypothesis import given
from hypothesis import strategies as st

from mas.core.commands import classify

READS = """
ls -la src
cat README.md
head -n 5 a.txt
tail -20 a.txt
grep -rn "foo/bar" src
grep -e /api -r src
find . -name *.py -type f
wc -l a b
du -sh .
df -h
date +%F
sed -n 10,20p file.py
cut -d/ -f1 list
git status -sb
git diff main..work --stat
git -C sub log --oneline -5
git --no-pager show HEAD~1
git branch
git branch --list feature/*
git branch --contains abc
git stash list
git remote -v
git tag -l v*
kubectl get pods -A
kubectl -n web get deploy,svc -o wide
kubectl get -n kube-system pods -o=jsonpath={.items[*].metadata.name}
kubectl --context=lab -n web describe pod web-1
kubectl logs web-1 -c main --tail=20 --previous
kubectl top pods -A
kubectl version
kubectl api-resources --verbs=list
kubectl explain pods.spec
kubectl cluster-info
kubectl config view
kubectl config get-contexts
kubectl config current-context
kubectl auth can-i delete pods
kubectl auth whoami
kubectl rollout status deploy/web --timeout=5s
kubectl rollout history deploy/web
kubectl events -n web
kubectl wait --for=condition=Ready pod/web --timeout=5s
aws ec2 describe-instances --region eu-west-1 --filters Name=a,Values=b
aws --region eu-west-1 sts get-caller-identity
aws s3 ls s3://bucket/
aws ssm get-parameter --name plain
helm list -A
helm -n web status release
helm template x ./chart -f values.yaml
helm search repo nginx
docker ps -a
docker images
"""

WRITES = """
ls /etc
cat ../other
cat ~/.ssh/id_rsa
grep x /etc/passwd
grep -R x .
grep -f patterns x
find . -exec touch {} ;
find . -fprint out
find / -name x
sed -i s/a/b/ f
sed -n s/a/b/wout f
sort -o out in
diff -r a b
uniq in out
date 01010000
hostname other
tee out
./ls
/tmp/ls -l
git -c core.pager=evil log
git -c alias.x=!evil x
git --exec-path=. status
git diff --output=x
git diff --ext-diff
git log --textconv
git grep -O x
git branch new
git tag v1
git commit -m x
git add .
git fetch
git stash -p list
git remote add o u
git -C /other status
git config --list
kubectl apply -f x --dry-run=server
kubectl apply -f x --dry-run=none
kubectl create token sa
kubectl exec web -- ls
kubectl cp web:/a b
kubectl port-forward web 80
kubectl proxy
kubectl attach web
kubectl debug web
kubectl edit deploy web
kubectl scale deploy web --replicas=0
kubectl diff -f x
kubectl auth reconcile -f x
kubectl config use-context prod
kubectl config set-context x
kubectl config view --raw
kubectl cluster-info dump --output-directory=x
kubectl get pods -f x.yaml
kubectl get pods -o custom-columns-file=/x
kubectl get --raw /api/v1/pods
kubectl --kubeconfig evil get pods
kubectl --server=http://evil get pods
kubectl --as admin get pods
kubectl -v=9 get pods
kubectl -A get delete pods
kubectl whatever
aws s3 cp a b
aws s3api get-object --bucket b --key k out
aws secretsmanager get-secret-value --secret-id x
aws sts get-session-token
aws ecr get-login-password
aws codeartifact get-authorization-token
aws ssm get-parameters --names x --with-decryption
aws ssm get-parameter --name x --with-decr
aws ec2 describe-instances --cli-input-json file://x
aws ec2 describe-instances --filters file://x
aws --endpoint-url http://evil ec2 describe-instances
aws ec2 describe-instances --endpoint http://evil
aws ec2 run-instances
aws unknown describe-x
helm install x y
helm -n web get values x
helm get all x
helm template x y --post-renderer ./evil
helm template x y --output-dir out
docker inspect web
docker run x
docker -H tcp://evil ps
terraform plan
terraform show
sh -c ls
bash -c "ls -l"
env ls
env X=1 ls
sudo ls
xargs ls
python -c 1
python3 script.py
curl http://x
npm test
"""

DESTRUCTIVE = """
rm -rf /
rmdir x
dd if=/dev/zero of=/dev/sda
mkfs.ext4 /dev/sda
shutdown now
/bin/rm x
find . -delete
find . -exec rm {} ;
find . -type f -execdir /bin/rm -f {} +
git push --force
git push -f origin main
git push origin +main
git push origin :old
git push --force-with-lease=main
git reset --hard
git -c a=b reset --hard HEAD~3
git clean -fdx
git branch -D work
git checkout -- .
git stash drop
kubectl delete pod x
kubectl --kubeconfig x delete ns prod
kubectl -n x delete pods --all
kubectl drain node
kubectl replace --force -f x
kubectl apply --prune -f x
kubectl rollout undo deploy/web
aws ec2 terminate-instances --instance-ids i
aws --region x s3 rb s3://b
aws s3 sync a b --delete
aws rds delete-db-instance
helm uninstall x
helm -n web uninstall x
docker rm -f x
docker system prune
docker volume rm x
terraform destroy
terraform apply -destroy
terraform state rm x
sh -c "rm -rf x"
bash -c "ls; /bin/rm -rf x"
sudo rm x
xargs rm
env A=1 kubectl delete ns x
"""

SECRETS = """
kubectl get secret
kubectl get secrets
kubectl get Secret
kubectl get secret/x
kubectl get secrets/x -o yaml
kubectl get pods,secrets
kubectl get all,secret
kubectl get secrets.v1. x
kubectl get secret.v1 x
kubectl describe secret x
kubectl -n web get secret x -o jsonpath={.data}
kubectl get -n web secret x
kubectl get --raw /api/v1/namespaces/web/secrets/x
kubectl get --raw=/api/v1/secrets
"""


def lines(text: str) -> list[str]:
    return [line for line in text.splitlines() if line]


def risk(line: str) -> str:
    return classify(shlex.split(line)).risk


@pytest.mark.parametrize("line", lines(READS))
def test_r7_a_command_that_is_known_to_change_nothing_is_a_read(line: str) -> None:
    assert risk(line) == "read"


@pytest.mark.parametrize("line", lines(WRITES))
def test_r7_a_command_that_may_change_something_or_lead_elsewhere_is_asked_for(line: str) -> None:
    assert risk(line) == "write"


@pytest.mark.parametrize("line", lines(DESTRUCTIVE))
def test_r7_a_command_that_takes_something_away_is_destructive(line: str) -> None:
    assert risk(line) == "destructive"


@pytest.mark.parametrize("line", lines(SECRETS))
def test_q3_reading_secrets_is_never_a_read_however_it_is_spelt(line: str) -> None:
    judged = classify(shlex.split(line))
    assert judged.risk == "write"
    assert judged.effect == "It reads Secret values or lists Secrets."


@pytest.mark.parametrize("argv", [[], [""], ["ls", "a\0b"], ["\u202els"]])
def test_r7_a_command_that_makes_no_sense_is_asked_for(argv: list[str]) -> None:
    assert classify(argv).risk == "write"


def test_r7_the_target_is_the_command_line_as_a_shell_would_quote_it() -> None:
    assert classify(["ls", "a b", ";rm"]).target == "ls 'a b' ';rm'"


PROGRAMS = ["kubectl", "git", "aws", "helm", "docker", "find", "sed", "terraform", "sort"]
WORDS = [
    *"get describe logs delete apply exec edit drain create pods nodes deploy config view".split(),
    *"status diff log show branch push commit reset stash list clean checkout".split(),
    *"ec2 s3 s3api describe-instances delete-bucket get-object cp rm ls".split(),
    "terminate-instances",
    *"uninstall install template values ps run inspect prune plan destroy . x a.yaml".split(),
    *"-n -A -o -f -l -c -p -D --raw --force --prune --all -exec -delete --output --hard".split(),
    *"--kubeconfig --context web --output=x -oyaml --dry-run=none -- -i secrets secret/x".split(),
]
CHANGING = {
    "kubectl": {"delete", "apply", "exec", "edit", "drain", "create", "run", "cp"},
    "git": {"push", "commit", "reset", "clean", "checkout"},
    "helm": {"install", "uninstall", "delete"},
    "docker": {"run", "rm", "exec", "cp", "commit", "push", "create"},
}


@given(program=st.sampled_from(PROGRAMS), args=st.lists(st.sampled_from(WORDS), max_size=7))
def test_r7_what_counts_as_a_read_never_begins_with_a_changing_verb(
    program: str, args: list[str]
) -> None:
    judged = classify([program, *args])
    if judged.risk != "read":
        return
    assert not {"-exec", "-delete", "--raw", "--force", "--prune", "--output=x"} & set(args)
    assert not {"--hard", "--kubeconfig", "-f"} & set(args) or program in ("helm", "docker")
    if program in CHANGING:
        # The first word that is no option is the verb; the value of -n, -C or --context is not.
        assert first_verb(program, args) not in CHANGING[program]
    if program == "kubectl":
        assert not {"secrets", "secret/x"} & set(args)
    if program == "aws":
        assert not {"delete-bucket", "get-object", "cp", "rm", "terminate-instances"} & {
            word for word in args[:2] if not word.startswith("-")
        }


def first_verb(program: str, args: list[str]) -> str:
    valued = {"kubectl": {"-n", "--context"}, "git": {"-C"}, "helm": {"-n"}}.get(program, set())
    at = 0
    while at < len(args):
        if args[at] in valued:
            at += 2
        elif args[at].startswith("-"):
            at += 1
        else:
            return args[at]
    return ""


@given(st.lists(st.text(max_size=20), max_size=8))
def test_r7_any_words_are_judged_without_an_error(argv: list[str]) -> None:
    assert classify(argv).risk in ("read", "write", "destructive")


@given(
    # aws has thousands of parameters; those that lead elsewhere are known instead.
    st.sampled_from([line for line in lines(READS) if not line.startswith("aws")]),
    st.sampled_from(["--unknown", "--output=/x", "--exec", "--config=/x", "--post-renderer=x"]),
)
def test_r7_an_unknown_option_takes_the_read_away(line: str, option: str) -> None:
    argv = shlex.split(line)
    assert classify([argv[0], option, *argv[1:]]).risk != "read"
    assert classify([*argv, option]).risk != "read"
