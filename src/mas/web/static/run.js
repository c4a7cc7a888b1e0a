// The page of a run: it is kept up to date while the run goes on, and takes nothing from the person
// who reads it. The server sends whole elements; each takes the place of the one with its id.
const $ = (what, where = document) => where.querySelector(what);
const $$ = (what, where = document) => [...where.querySelectorAll(what)];
const byId = (id) => document.getElementById(id);
const main = byId("main");
const words = main.dataset;
const clock = new Intl.DateTimeFormat(document.documentElement.lang, { hourCycle: "h23", hour: "2-digit", minute: "2-digit", second: "2-digit" });
const fill = (text, values) => (text ?? "").replace(/\{(\w+)\}/g, (_, name) => values[name]);
function say(text, now = false) {
  if (text) document.dispatchEvent(new CustomEvent("mas:say", { detail: { text, now } }));
}
function element(tag, css, ...content) {
  const made = document.createElement(tag);
  made.className = css;
  made.append(...content);
  return made;
}
function button(text, action) {
  const made = element("button", "btn", text);
  made.type = "button";
  made.addEventListener("click", action);
  return made;
}

// Swapping. Whoever types, has chosen text or presses in an element keeps it until that is over.
const FIELDS = "textarea, input[type=text], input[type=search], select";
const CONTROLS = "a, button, summary, input, select, textarea, [tabindex]";
const SCROLLS = ".scroll, .graph, .arguments, .wrap, pre";
const later = new Map(); // id → what is to be done with its element
let pressed = false;
function built(html, like) {
  const holder = document.createElement("template");
  const inSvg = like instanceof SVGElement && like.tagName !== "svg";
  holder.innerHTML = inSvg ? `<svg>${html}</svg>` : html;
  const fresh = inSvg ? holder.content.firstChild.firstElementChild : holder.content.firstElementChild;
  // What proves that a form is ours belongs to the page, not to what all watchers are sent.
  for (const proof of $$("input[name=csrf]", fresh)) proof.value = words.csrf;
  return fresh;
}
const begun = (old) => $$("textarea", old).some((box) => box.value !== box.defaultValue)
  || (old.contains(document.activeElement) && document.activeElement.matches(FIELDS));
function held(old) {
  const chosen = getSelection();
  return pressed || (chosen && !chosen.isCollapsed && chosen.containsNode(old, true));
}
function carefully(id, action) {
  const old = byId(id);
  const note = byId(`held-${id}`);
  if (!old || !(begun(old) || held(old))) {
    later.delete(id);
    note?.remove();
    if (old) action(old);
    return;
  }
  later.set(id, action);
  if (note || !begun(old)) return;
  const show = button(words.show, () => {
    later.delete(id);
    byId(`held-${id}`)?.remove();
    action(byId(id));
  });
  const offer = element("p", "held small row", words.changed, show);
  offer.id = `held-${id}`;
  old.before(offer);
}
const flush = () => { for (const [id, action] of [...later]) carefully(id, action); };
addEventListener("pointerdown", () => { pressed = true; });
for (const name of ["pointerup", "pointercancel"]) addEventListener(name, () => setTimeout(() => { pressed = false; flush(); }, 50));
addEventListener("focusout", () => setTimeout(flush, 50));
document.addEventListener("selectionchange", () => { if (later.size && getSelection().isCollapsed) flush(); });

const all = (what, root) => (root.matches(what) ? [root, ...$$(what, root)] : $$(what, root));
function swap(id, html) {
  carefully(id, (old) => {
    const fresh = built(html, old);
    for (const one of all("details[id]", old)) {
      const same = all("details[id]", fresh).find((other) => other.id === one.id);
      if (same) same.open = one.open;
    }
    const scrolled = all(SCROLLS, old).map((one) => [one.scrollLeft, one.scrollTop]);
    const focused = old.contains(document.activeElement) ? document.activeElement : null;
    const at = all(CONTROLS, old).indexOf(focused);
    old.replaceWith(fresh);
    all(SCROLLS, fresh).forEach((one, number) => { [one.scrollLeft, one.scrollTop] = scrolled[number] ?? [0, 0]; });
    if (focused) ((focused.id && byId(focused.id)) || all(CONTROLS, fresh)[at])?.focus({ preventScroll: true });
    show(fresh);
  });
}
function arrange(id, names, parts) {
  const box = byId(id);
  if (!box) return;
  for (const child of [...box.children]) {
    if (child.id && !child.id.startsWith("held-") && !names.includes(child.id)) carefully(child.id, (old) => old.remove());
  }
  let at = box.firstElementChild;
  for (const name of names) {
    let one = byId(name);
    if (!one && parts[name]) {
      one = built(parts[name], box);
      delete parts[name];
    }
    while (at && !names.includes(at.id)) at = at.nextElementSibling;
    if (one && one === at) at = at.nextElementSibling;
    else if (one) box.insertBefore(one, at);
  }
  if (names.length) {
    box.closest("[hidden]")?.removeAttribute("hidden");
    byId(`no-${id}`)?.remove();
  } else if (!box.children.length) box.hidden = true;
}

// What agents write while they work, kept at its end.
const texts = {};
function show(root) {
  for (const one of all("[data-text]", root)) {
    const text = texts[one.dataset.text];
    if (!text || one.textContent === text || held(one)) continue;
    const end = one.hidden || one.scrollTop + one.clientHeight >= one.scrollHeight - 4;
    one.textContent = text;
    one.hidden = false;
    if (end) one.scrollTop = one.scrollHeight;
  }
}

// Events: the newest first. At the very top they come in; whoever reads is offered them.
const MOST_ROWS = 200;
const log = byId("events"), rows = byId("event-rows"), filter = $("[data-filter]"), fresh = byId("fresh");
let unread = [];
function sift(aloud) {
  const kind = $(":checked", filter)?.value ?? "all";
  const sought = $("[type=search]", filter).value.toLowerCase();
  let shown = 0;
  for (const row of rows.children) {
    row.hidden = !((kind === "all" || row.dataset.kind === kind) && row.textContent.toLowerCase().includes(sought));
    shown += !row.hidden;
  }
  byId("shown").textContent = fill(words.shown, { count: shown });
  if (aloud) say(byId("shown").textContent, true);
}
filter.addEventListener("input", () => sift(true));
filter.addEventListener("submit", (event) => event.preventDefault());
function addRows(news) {
  for (const [number, html] of news) {
    if (byId(`ev-${number}`)) continue;
    const older = [...rows.children].find((one) => Number(one.id.slice(3)) < number);
    rows.insertBefore(built(html, rows), older ?? null);
  }
  while (rows.children.length > MOST_ROWS) rows.lastElementChild.remove();
  $(".none", log)?.remove();
  sift(false);
}
function offerRows(news) {
  if (!unread.length && log.scrollTop === 0 && !log.matches(":hover, :focus, :focus-within")) return addRows(news);
  unread = [...unread, ...news].slice(-MOST_ROWS);
  fresh.textContent = fill(words.fresh, { count: unread.length });
  fresh.hidden = false;
}
function takeRows() {
  const news = unread;
  unread = [];
  fresh.hidden = true;
  addRows(news);
  log.scrollTop = 0;
}
fresh.addEventListener("click", takeRows);

// The stream goes on behind the last event that the page knows, until the run has ended.
let source, banner, after = Number(words.after), tries = 0, lostAt = 0, retry = 0, quiet = 0, counting = 0;
const on = (name, action) => source.addEventListener(name, (event) => {
  found();
  if (event.lastEventId) after = Math.max(after, Number(event.lastEventId));
  action(JSON.parse(event.data));
});
function connect() {
  clearTimeout(retry);
  source?.close();
  source = new EventSource(`${words.live}?after=${after}`);
  source.onerror = lost;
  on("paint", ({ parts = {}, lists = {}, rows: news = [], says, asks }) => {
    for (const [id, names] of Object.entries(lists)) arrange(id, names, parts);
    for (const [id, html] of Object.entries(parts)) swap(id, html);
    if (news.length) offerRows(news);
    say(asks, true);
    say(says);
  });
  on("text", (news) => {
    Object.assign(texts, news);
    show(document.body);
  });
  on("alive", () => {});
  on("done", () => {
    source.close();
    clearTimeout(quiet);
    delete words.live;
  });
}
function lost() {
  source.close();
  clearTimeout(quiet);
  lostAt ||= Date.now();
  const wait = 1000 * Math.min(30, 2 ** tries++);
  const due = Date.now() + wait;
  clearTimeout(retry);
  retry = setTimeout(connect, wait);
  clearInterval(counting);
  counting = setInterval(() => warn(due), 500);
}
function warn(due) {
  if (Date.now() - lostAt < 3000) return;
  if (!banner) {
    const time = clock.format(lostAt);
    main.classList.add("still");
    for (const one of $$(".meta")) one.dataset.asOf = fill(words.asof, { time });
    const text = element("p", "", element("strong", "", fill(words.lost, { time })), ` ${words.lostText} `, element("span", "tab"));
    banner = element("div", "notice is-bad banner", element("span", ""), text, button(words.try, connect));
    main.before(banner);
    say(text.textContent, true);
  }
  $(".tab", banner).textContent = fill(words.next, { seconds: Math.max(0, Math.ceil((due - Date.now()) / 1000)) });
}
function found() {
  // The server gives a sign of life every 15 seconds.
  clearTimeout(quiet);
  quiet = setTimeout(lost, 45_000);
  tries = 0;
  if (!lostAt) return;
  lostAt = 0;
  clearInterval(counting);
  banner?.remove();
  banner = null;
  main.classList.remove("still");
  for (const one of $$("[data-as-of]")) delete one.dataset.asOf;
}
if (words.live) {
  connect();
  addEventListener("pagehide", () => source.close());
  addEventListener("online", () => { if (lostAt) connect(); });
  document.addEventListener("visibilitychange", () => { if (!document.hidden && lostAt) connect(); });
}
addEventListener("pageshow", (event) => { if (event.persisted) location.reload(); });

// An answer is sent once.
addEventListener("submit", ({ target, submitter }) => {
  if (!target.matches(".approval form")) return;
  setTimeout(() => {
    for (const one of $$("button", target)) one.disabled = true;
    if (submitter) submitter.textContent = words.sending;
  });
});

// The picture opens at what is going on; arrows follow its lines and layers.
const graph = () => byId("graph");
const place = (one) => ({ x: $("rect", one).x.baseVal.value, y: $("rect", one).y.baseVal.value });
const going = $(".n.run, .n.wait", graph());
if (going) graph().scrollLeft = place(going).x - 40;
function along(from, key) {
  const nodes = $$("a.n", graph());
  const needs = (one) => (one.dataset.needs ?? "").split(" ").filter(Boolean).map((at) => nodes[at]);
  const { x, y } = place(from);
  const nearest = (some) => some.sort((a, b) => Math.abs(place(a).y - y) - Math.abs(place(b).y - y))[0];
  if (key === "ArrowLeft") return nearest(needs(from));
  if (key === "ArrowRight") return nearest(nodes.filter((one) => needs(one).includes(from)));
  const layer = nodes.filter((one) => place(one).x === x).sort((a, b) => place(a).y - place(b).y);
  return layer[layer.indexOf(from) + (key === "ArrowUp" ? -1 : 1)];
}
addEventListener("keydown", (event) => {
  if (!/^Arrow/.test(event.key) || !event.target.matches?.("a.n")) return;
  event.preventDefault();
  const to = along(event.target, event.key);
  to?.focus();
  to?.scrollIntoView({ block: "nearest", inline: "nearest" });
});
