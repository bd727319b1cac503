// What a todo page does, from an origin of its own: `node spa.mjs http://127.0.0.1:8000`.
// Prints a JSON line a step; the first step that fails ends it with a message and exit code 1.

import assert from "node:assert/strict";
import { argv, exit } from "node:process";
import { CorsError, Page } from "./browser.mjs";

const base = argv[2];
const page = new Page("http://localhost:5173");
const email = `${crypto.randomUUID()}@example.com`;
const password = "correct horse battery staple";
let token = null;

/** A request in the user's name; fails unless the answer has the status awaited. */
async function call(status, method, path, { json, headers = {} } = {}) {
  const sent = { ...headers };
  if (token !== null) {
    sent.Authorization = `Bearer ${token}`;
  }
  if (json !== undefined) {
    sent["Content-Type"] = "application/json";
  }
  const answer = await page.fetch(new URL(path, base).href, {
    method,
    headers: sent,
    body: json === undefined ? undefined : JSON.stringify(json),
  });
  const text = await answer.text();
  assert.equal(answer.status, status, `${method} ${path}: ${answer.status} ${text}`);
  assert.ok(answer.header("X-Request-ID"), "X-Request-ID is not readable");
  return { answer, body: text === "" ? null : JSON.parse(text) };
}

async function step(name, run) {
  try {
    console.log(JSON.stringify({ step: name, ...(await run()) }));
  } catch (error) {
    console.error(`${name}: ${error.stack}`);
    exit(1);
  }
}

const titles = ["Pay rent", "Call Ada", "Buy milk — and “quotes”", "Water the plants 🌱", "Sleep"];
let tasks = [];
let version = null;

await step("preflight", async () => {
  const headers = await page.preflight(`${base}/api/tasks/1`, "PATCH", ["authorization", "content-type", "if-match"]);
  assert.ok(Number(headers.get("access-control-max-age")) > 0, "a browser would ask before every request");
  assert.match(headers.get("vary") ?? "", /\borigin\b/i);
  return { methods: headers.get("access-control-allow-methods") };
});

await step("a foreign page is refused", async () => {
  const foreign = new Page("https://foreign.example");
  await assert.rejects(foreign.preflight(`${base}/api/tasks`, "PATCH", ["authorization"]), CorsError);
  await assert.rejects(foreign.fetch(`${base}/livez`), CorsError);
  return {};
});

await step("register", async () => {
  const { body } = await call(201, "POST", "/api/auth/register", { json: { email, password, name: "Ada" } });
  assert.equal(body.user.email, email);
  return { user: body.user.id };
});

await step("login", async () => {
  const { answer, body } = await call(200, "POST", "/api/auth/login", { json: { email, password } });
  assert.equal(body.token_type, "bearer");
  assert.ok(body.expires_in > 0);
  token = body.access_token;
  return { type: answer.header("Content-Type") };
});

await step("me", async () => {
  const { answer, body } = await call(200, "GET", "/api/auth/me");
  assert.equal(body.name, "Ada");
  assert.equal(answer.header("ETag"), `"${body.version}"`);
  return { email: body.email };
});

await step("create", async () => {
  for (const title of titles) {
    const { answer, body } = await call(201, "POST", "/api/tasks", { json: { title, priority: "high" } });
    assert.equal(body.title, title);
    assert.equal(answer.header("Location"), `/api/tasks/${body.id}`);
    assert.equal(answer.header("ETag"), `"${body.version}"`);
    tasks.push(body);
  }
  return { count: tasks.length };
});

await step("list, page by page", async () => {
  const found = [];
  let pages = 0;
  for (let next = "/api/tasks?limit=2&count=true"; next !== null; pages += 1) {
    const { answer, body } = await call(200, "GET", next);
    assert.equal(answer.header("X-Total-Count"), String(titles.length));
    found.push(...body);
    const link = answer.header("Link")?.match(/^<([^>]+)>; rel="next"$/);
    next = link ? new URL(link[1], answer.url).href : null;
  }
  assert.deepEqual(found, tasks);
  return { pages };
});

await step("nothing new", async () => {
  const given = { "If-None-Match": `"${tasks[0].version}"` };
  const { body } = await call(304, "GET", `/api/tasks/${tasks[0].id}`, { headers: given });
  assert.equal(body, null);
  return {};
});

await step("change", async () => {
  const given = { "If-Match": `"${tasks[0].version}"` };
  const path = `/api/tasks/${tasks[0].id}`;
  const { answer, body } = await call(200, "PATCH", path, { json: { title: "Pay the rent" }, headers: given });
  assert.deepEqual(
    { ...body, version: 0, updated_at: "" },
    { ...tasks[0], title: "Pay the rent", version: 0, updated_at: "" },
  );
  version = answer.header("ETag");
  return { version };
});

await step("somebody was faster", async () => {
  const given = { "If-Match": `"${tasks[0].version}"` };
  const path = `/api/tasks/${tasks[0].id}`;
  const { answer, body } = await call(412, "PATCH", path, { json: { title: "Stale" }, headers: given });
  assert.equal(answer.header("Content-Type"), "application/problem+json");
  assert.equal(body.code, "precondition_failed");
  assert.equal(body.current.title, "Pay the rent");
  const again = { "If-Match": `"${body.current.version}"` };
  await call(200, "PATCH", path, { json: { description: "by Friday" }, headers: again });
  return { code: body.code };
});

for (const [name, method, completed] of [
  ["complete", "POST", true],
  ["reopen", "POST", false],
  ["toggle", "PATCH", true],
]) {
  await step(name, async () => {
    const { body } = await call(200, method, `/api/tasks/${tasks[0].id}/${name}`);
    assert.equal(body.completed, completed);
    assert.equal(body.completed_at !== null, completed);
    return { completed };
  });
}

await step("delete", async () => {
  await call(204, "DELETE", `/api/tasks/${tasks[0].id}`);
  const { body } = await call(404, "GET", `/api/tasks/${tasks[0].id}`);
  assert.equal(body.code, "not_found");
  return { code: body.code };
});

await step("a mistake", async () => {
  const { answer, body } = await call(422, "POST", "/api/tasks", { json: { title: "  ", colour: "red" } });
  assert.equal(answer.header("Content-Type"), "application/problem+json");
  assert.deepEqual(body.errors.map((error) => error.pointer).sort(), ["#/colour", "#/title"]);
  return { code: body.code, detail: body.detail };
});

await step("logout", async () => {
  await call(204, "POST", "/api/auth/logout");
  return {};
});

await step("logged out", async () => {
  const { answer, body } = await call(401, "GET", "/api/tasks");
  assert.equal(body.code, "invalid_token");
  assert.match(answer.header("WWW-Authenticate") ?? "", /^Bearer/);
  return { code: body.code };
});
