"""English words that name no particular thing, for telling names from prose.

Everyday words, the words of the trade (also as Korean operators write them between Hangul), and
abbreviations of concepts. No product, project or kind of Kubernetes object that a text could get
wrong is in here. Plurals in -s need no entry of their own.
"""

from __future__ import annotations

_EVERYDAY = """
a able about above according across act action actual actually add adding addition additional
additionally adequate adopt adopted adopting adoption advantage advice after again against ago agree
ahead all allow allows almost alone along already also alternative although always among amount an
and another answer any anyone anything anyway apart appear apply are area around as ask asked assess
assume at available avoid away back bad based basic basically be because become been before begin
behind being below benefit besides best better between beyond big bigger both bring brings building
burden but buy by call came can candidate cannot capable care careful carry case cause certain
change chance check choice choose chosen clear clearly close closer come comes common compare
compared complete complex comparison conclude concern condition confirm consequently consider
considering contain continue correct cost could count cover covered covers create current currently
cut daily date day deal decide decided decision default definite degraded demand depend depending
describe despite detail did differ difference different difficult direct directly disagree do does
doing done double doubt down due during each earlier early easier easily easy effect effort either
else empty end enough ensure entire especially essentially evaluate even eventually ever every
everything evidence exact exactly example except exist existing expect expected explain explanation
extra fact fail fair far fast few fewer field final finally find finding finish first fit fits fix
follow following for form former found free fresh from full fully function functionality further
furthermore future gain gap general generally get give given gives giving go goal goes going good
great grow growing growth guide had half hand handle happen hard has have having he headroom healthy
heavy help hence her here high higher his hold hour how however idea if immediate immediately impact
important improve in include included including increase indeed inside instead intend into introduce
is issue it item its itself job just justified keep keeping key kind know known lack large largest
last late later latest lead learn learning least leave left less let level life like likely limit
limited line list little long longer look lose loss lost low lower made main mainly maintain
maintained maintenance major make makes making manage managed many margin match matter may maybe me
mean meaning means meet meets mention mere merely might minimum minor minute miss missing mixed
month monthly more moreover most mostly move much must my name named namely near nearly necessary
need needed needs neither never nevertheless new next no none nor normal not note nothing notice now
number obvious occur of off offer offered often old older on once one only onto open operate
operation operational operations opinion opposite option or order ordinary other others otherwise
our out outcome outside over overall overhead overlap own paid part particular pass past pattern pay
pays people per perhaps person pick piece place plan plenty point poor positive possible practical
precise prefer preferred present pressure pretty prevent previous previously price primary probably
problem proceed process project proof proper provide provided provides providing purpose put
question quick quickly quite raise range rather reach read ready real really reason recent recently
recommend recommendation recommended reduce redundant refer regarding related rely remain remaining
remains remove repair replace report request require required requirement requires rest result
retire retired retirement return review right risk risky role room rule run running runs safe safely
same satisfied satisfy say says scope second see seem seems seen select sense separate separately
serious serve served serves serving set setting several shall share she short should show shows side
significant similar similarly simple simply since single situation size skill slightly slow small
smaller smallest so some someone something sometimes somewhat soon sort source spare specific spend
stable stand standard start state stated states status stay step still stop strong strongly subject
success such suffice sufficient suggest suit suitable sum summary supply support supported supports
sure surplus table take taken takes taking target task team tell than that the their them then there
therefore these they thing think third this those though through throughout thus time to today
together told too top topic total toward towards trade trade-off true try turn twice two type
typical unclear under undetermined unfortunately unit unknown unless unlikely until up upon us usage
use used useful user uses using usual usually value various verdict verify version versus very via
view wait want was way we weak week weekly weigh well were what whatever when where whereas whether
which while who whole whose why wide will wise with within without word work working works worse
worth would write year yearly yes yet you your zero eight eleven five four nine seven six ten three
twelve consolidate duplicate duplication unnecessary reliable simplify stick suggests confirmed
confirms conflicts conflict collides collide overlapping adds added gained sizing schedule scheduled
schedulable unschedulable installable recommends requested requests allocated allocatable reserved
january february march april june july august september october november december monday tuesday
wednesday thursday friday saturday sunday english korean korea
"""

_TRADE = """
access account admin administrator agent alarm alert alerting analysis app application applications
archive archived architecture artifact audit authentication authorisation authorization auto
automate automated automatic automatically automation autoscaler autoscaling availability backend
backlog backup balance balancer bandwidth bare-metal baseline batch boot branch broker browser
bucket budget bug build builder builds bundle byte cache capability capacity catalog certificate
chart claim class cli client cloud cloud-native cluster cluster-wide clusters code command commit
compatibility compatible component compute config configuration configure connect container
containers control control-plane controller controllers cordon cordoned core cores credential cron
crash crashing custom daemon dashboard data database debug declarative declare declared dedicated
delivery deploy deployed deployment deployments developer device digest disk distributed
distribution documentation domain downtime drain driver dry-run edge endpoint engine engineer
environment error event event-driven eviction executor failure fail-over failover feature file
filesystem firewall flag flow folder footprint framework frontend gateway gitops devops devsecops
sre github-hosted gigabyte group guideline hardware hash hibernation host hosted hostname image
images incident index infrastructure ingress in-cluster init input inspection install installation
installations installed installing installs instance integrate integrated integration interface
internal internet inventory iops isolation kernel kube kubeadm kubeconfig kubectl kubelet kubernetes
kubernetes-native label language latency layer library license lifecycle limits linux live load
local log logging logs loop machine machines managed-service manifest manifests master measure
measured megabyte memory mesh message messaging metadata metric metrics microservice migrate
migration millicore mirror mode model module monitor monitoring mount multi-tenant namespace
namespaces native network networking networks node nodes object objects observability on-premise
on-premises open-source operator operators orchestration orchestrator output package parameter patch
path pending percent performance permission persistent pipeline pipelines platform plugin pod pods
policy pool port production program protocol provider provision provisioner proxy pruner pull push
quantity query queue quota quotas rebuild recovery registry release releases remote replica replicas
replication repo repository resource resources restart restore retention retry rollback roll-back
rolling rollout root route router routing runner runners runtime scalability scale scaling scan
scheduler scheduling script secret secrets security self-hosted server serverless servers service
services session sidecar signal simulation simulated slot slots snapshot snapshots software solution
spec specification stack staging stateful stateless storage store stored stream sub-system subsystem
suite switch sync synchronise synchronize system systems tag taint taints team-wide technical
technology template tenant terminal test testing tests third-party throughput timeout token
toleration tolerations tool tooling toolchain tools tracing track traffic trigger triggers uninstall
unread upgrade upgrades upgrading upkeep upstream uptime validate variable vendor virtual volume
volumes warning web webhook webhooks wizard worker workers workflow workflows workload workloads
workspace yaml zone etcd containerd apiserver hello helm-chart
"""

_ABBREVIATIONS = """
ai amd64 api apis arm64 aws-style cd ci ci/cd cli cni cpu crd crds cri csi db dns e.g eol etc ga gb
gi gib gpu ha hpa html http https i.e id ids io ip ipv4 ipv6 it json k8s kb ki kib l4 l7 lb llm lts
mb mfa mi mib mtls oci ok oom os pdb poc pv pvc ram rbac rest rpc saas sdk sla sli slo sql sre ssd
sso ssh ssl tb tcp ti tib tls ttl tui udp ui uid url uri utc ux vcpu vm vpn vs vpa xml yaml
"""

ORDINARY: frozenset[str] = frozenset((*_EVERYDAY.split(), *_TRADE.split(), *_ABBREVIATIONS.split()))
"""Words that name no particular thing, in lower case."""

_BEGINNINGS = """
all anti auto best built co cost cross day de double eight end ever far five four full half high
higher highest in inter intra large left less light long longer low lower lowest medium mid most
multi near nine non off often on one open out over per post pre pro re read real right same self
semi seven shared short shorter single six small state sub team ten third three time top two under
up user vendor well whole wide write year zero
"""
COMPOUND_BEGINNINGS: frozenset[str] = frozenset(_BEGINNINGS.split())
"""First parts of ordinary hyphenated words (`well-known`, `three-node`)."""

_ENDINGS = """
action available availability aware backed based by capable centric class compatible consuming
critical date defined dependent down driven effective efficient ended facing first free friendly
grade heavy hosted house in installed intensive known level like maintained managed minute native
off on only out party place plane premise premises prone purpose ready related scale side size sized
source specific step style term tested time tolerant to up using versa wide winded
"""
COMPOUND_ENDINGS: frozenset[str] = frozenset(_ENDINGS.split())
"""Last parts of ordinary hyphenated words (`node-level`, `Tekton-based`)."""
