// Comfort of every page. Each thing here works without script, too.
const lang = document.documentElement.lang || "en";
const options = { hourCycle: "h23", hour: "2-digit", minute: "2-digit" };
const day = new Intl.DateTimeFormat(lang, { month: "short", day: "numeric" });
const dayOfYear = new Intl.DateTimeFormat(lang, { year: "numeric", month: "short", day: "numeric" });
const minute = new Intl.DateTimeFormat(lang, options);
const second = new Intl.DateTimeFormat(lang, { ...options, second: "2-digit" });
const whole = new Intl.DateTimeFormat(lang, { dateStyle: "full", timeStyle: "long" });

// Times come in UTC and are shown in the reader's zone.
function local(time) {
  const at = new Date(time.dateTime);
  if (Number.isNaN(at.getTime())) return;
  const style = time.dataset.time;
  const clock = (style === "minute" ? minute : second).format(at);
  const now = new Date();
  const today = at.toDateString() === now.toDateString();
  const date = (at.getFullYear() === now.getFullYear() ? day : dayOfYear).format(at);
  time.textContent = style === "clock" || today ? clock : `${date} ${clock}`;
  time.title = whole.format(at);
}
function localAll(root) {
  if (root.matches?.("time[data-time]")) local(root);
  root.querySelectorAll?.("time[data-time]").forEach(local);
}
localAll(document);
// What is swapped in later comes in UTC as well.
new MutationObserver((changes) => {
  for (const change of changes) for (const node of change.addedNodes) localAll(node);
}).observe(document.body, { childList: true, subtree: true });

const theme = document.querySelector("#theme");
theme?.addEventListener("change", () => {
  if (theme.value === "system") delete document.documentElement.dataset.theme;
  else document.documentElement.dataset.theme = theme.value;
  document.querySelector("meta[name=color-scheme]").content = theme.value === "system" ? "light dark" : theme.value;
  fetch(`/preferences?theme=${theme.value}`, { redirect: "manual" }).catch(() => {});
});

// The request box: chips fill it, the slider says its number, Ctrl or Command Enter sends.
const box = document.querySelector("#request");
for (const chip of document.querySelectorAll("[data-ask]")) {
  chip.addEventListener("click", (event) => {
    if (!box) return;
    event.preventDefault();
    box.value = chip.dataset.ask;
    document.querySelector(`[name=team][value=${chip.dataset.team}]`)?.click();
    box.focus();
  });
}
const slider = document.querySelector("#agents");
const told = slider?.parentElement.querySelector("output");
slider?.addEventListener("input", () => { told.value = slider.value; });
if (told) told.value = slider.value;
box?.addEventListener("keydown", (event) => {
  if (event.key === "Enter" && (event.ctrlKey || event.metaKey)) box.form.requestSubmit();
});
