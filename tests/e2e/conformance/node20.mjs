// `node --import` of this lets the suite run on Node.js 20: it imports `globSync`, which came with
// 22 and which no scenario for servers uses.
import { register } from "node:module";
register("./hooks.mjs", import.meta.url);
