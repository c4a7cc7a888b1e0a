// Comfort of every page: elapsed times, what is said aloud, and the keys.
// Links and forms do the same without it. A run's page has run.js beside this.
const $ = (what, where = document) => where.querySelector(what);
const $$ = (what, where = document) => [...where.querySelectorAll(what)];
const byId = (id) => document.getElementById(id);
const korean = document.documentElement.lang === "ko";

// Choices that stay in this browser; without storage they last as long as the page.
const kept = {
  get(name) { try { return localStorage.getItem(name); } catch { return null; } },
  set(name, value) { try { localStorage.setItem(name, value); } catch { /* not kept then */ } },
};

// Elapsed times, written as the server writes them. A page that has lost its server stands still.
function duration(seconds) {
  const [d, h, m, s] = korean ? ["일", "시간", "분", "초"] : [" d", " h", " m", " s"];
  const two = (value) => (korean ? value : String(value).padStart(2, "0"));
  const all = Math.max(0, Math.floor(seconds));
  if (all < 60) return all + s;
  if (all < 3600) return `${Math.floor(all / 60)}${m} ${two(all % 60)}${s}`;
  if (all < 86400) return `${Math.floor(all / 3600)}${h} ${two(Math.floor(all / 60) % 60)}${m}`;
  return `${Math.floor(all / 86400)}${d} ${Math.floor(all / 3600) % 24}${h}`;
}
function tick() {
  if (document.hidden || $(".still")) return;
  for (const one of $$("[data-since]")) {
    const seconds = (Date.now() - Date.parse(one.dataset.since)) / 1000;
    if (one.tagName === "METER") one.value = seconds;
    else if (one.textContent !== duration(seconds)) one.textContent = duration(seconds);
  }
}
setInterval(tick, 1000);

// What is said to those who do not see it: one summary in ten seconds, an approval at once.
const place = byId("say");
let saidAt = 0, next = "", timer = 0;
document.addEventListener("mas:say", ({ detail: { text, now } }) => {
  next = timer && !now ? `${next} ${text}`.slice(-300) : text;
  clearTimeout(timer);
  timer = setTimeout(() => {
    timer = 0;
    saidAt = Date.now();
    if (place) place.textContent = next;
  }, now ? 0 : Math.max(0, saidAt + 10_000 - Date.now()));
});

// A comparison: [ ] from file to file, j k from change to change.
function alongDiff(key) {
  const same = ".same, .fold";
  const begins = (row) => !row.matches(same) && (row.previousElementSibling?.matches(same) ?? true);
  const stops = key === "[" || key === "]" ? $$(".file") : $$(".diff tbody tr").filter(begins);
  const top = (one) => one.getBoundingClientRect().top - 80;
  const to = key === "[" || key === "k" ? stops.filter((one) => top(one) < -4).pop() : stops.find((one) => top(one) > 4);
  to?.scrollIntoView({ block: "start" });
  return to;
}

// The list of keys, with what can be chosen about them.
function choices(root) {
  for (const [id, name, usual] of [["single-keys", "mas.keys", "on"], ["log-aloud", "mas.log", "off"]]) {
    const box = $(`#${id}`, root);
    if (!box) continue;
    box.checked = (kept.get(name) ?? usual) === "on";
    box.addEventListener("change", () => {
      kept.set(name, box.checked ? "on" : "off");
      aloud();
    });
  }
}
const aloud = () => byId("events")?.setAttribute("aria-live", kept.get("mas.log") === "on" ? "polite" : "off");
async function help() {
  // Where nothing moves, the page of the keys is as good.
  if (!$(".live")) return location.assign("/keys");
  let box = byId("help");
  if (!box) {
    const answer = await fetch("/keys", { headers: { Accept: "text/html" } });
    const told = new DOMParser().parseFromString(await answer.text(), "text/html");
    box = document.createElement("dialog");
    box.id = "help";
    const close = document.createElement("button");
    close.className = "btn";
    close.textContent = $("#keys", told).dataset.close;
    close.addEventListener("click", () => box.close());
    const title = $("h1", told);
    const heading = document.createElement("h2");
    heading.id = "help-h";
    heading.textContent = title.textContent;
    box.setAttribute("aria-labelledby", "help-h");
    box.append(heading, $("#keys", told), close);
    document.body.append(box);
    choices(box);
  }
  return box.showModal();
}
choices(document);
aloud();

// The next call that waits for a person: on this page, else on the page of all of them.
function nextWaiting() {
  const all = $$(".approval[tabindex]");
  const to = all[(all.indexOf(document.activeElement.closest?.(".approval")) + 1) % all.length];
  if (!to) return $(".tools .status.wait")?.click();
  to.focus({ preventScroll: true });
  return to.scrollIntoView({ block: "start" });
}

// Single keys are off in fields, and can be switched off. None of them decides anything.
const FIELDS = "input:not([type=radio], [type=checkbox], [type=range]), textarea, select, [contenteditable]";
const KEYS = {
  "/": () => $("input[type=search]")?.focus(),
  f: () => ($("[data-filter] :checked") ?? $("input[type=search]"))?.focus(),
  g: () => { leading = Date.now(); },
  n: nextWaiting,
  "?": help,
};
const PLACES = { s: "/", r: "/runs", a: "/agents" };
let leading = 0;
addEventListener("keydown", (event) => {
  const { key, target: at } = event;
  if (event.defaultPrevented || event.isComposing || !at.matches) return;
  if (key === "Enter" && (event.ctrlKey || event.metaKey) && at.matches(".talk textarea")) at.form.requestSubmit();
  if (event.ctrlKey || event.metaKey || event.altKey) return;
  if (key === "Escape") {
    for (const one of $$("details.confirm[open]")) {
      one.open = false;
      $("summary", one).focus();
    }
    return;
  }
  if (at.matches(FIELDS) || kept.get("mas.keys") === "off" || $("dialog[open]")) return;
  const led = Date.now() - leading < 1500;
  leading = 0;
  if (led && PLACES[key]) location.href = PLACES[key];
  else if (/^[[\]jk]$/.test(key) && $(".diff")) alongDiff(key);
  else if (KEYS[key]) {
    event.preventDefault();
    KEYS[key]();
  }
});
