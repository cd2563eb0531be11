/** The server: its proxy to the API, its health routes, its configuration, how it stops. */

import assert from "node:assert/strict";
import { once } from "node:events";
import { readFile, readdir } from "node:fs/promises";
import { connect } from "node:net";
import { join } from "node:path";
import { after, before, beforeEach, test } from "node:test";

import { Api, Frontend, json, layOut, until } from "./support.mjs";

let build, api, frontend;

before(async () => {
  build = await layOut();
  api = await new Api().start();
  frontend = await new Frontend(build.folder, { API_URL: `${api.url}/`, API_TIMEOUT_SECONDS: "0.5" }).start();
});

after(async () => {
  await frontend.stop();
  await api.stop();
  await build.remove();
});

beforeEach(() => {
  Object.assign(api, { todos: [], seen: [], misbehave: null });
});

function ask(path, options = {}) {
  return fetch(frontend.url + path, options);
}

function send(method, path, body, headers = {}) {
  return ask(path, { method, body: JSON.stringify(body), headers: { "Content-Type": "application/json", ...headers } });
}

// --- the proxy

test("every request reaches the API, and its answer comes back unchanged", async () => {
  const made = await send("POST", "/api/todos", { title: "buy milk" });
  assert.equal(made.status, 201);
  assert.deepEqual(await made.json(), api.todos[0]);
  assert.equal((await send("PATCH", "/api/todos/1", { done: true })).status, 200);
  assert.equal(api.todos[0].done, true);
  const page = await ask("/api/todos?limit=10&offset=0");
  assert.deepEqual(await page.json(), { items: api.todos, total: 1, limit: 10, offset: 0 });
  assert.equal(page.headers.get("cache-control"), "no-store");
  assert.deepEqual(await (await ask("/api/todos/1")).json(), api.todos[0]);
  assert.equal((await ask("/api/todos/1", { method: "DELETE" })).status, 204);
  const missing = await ask("/api/todos/1");
  assert.equal(missing.status, 404);
  assert.deepEqual(await missing.json(), { detail: "there is no todo 1" });
  assert.ok(api.seen.some(({ url }) => url === "/todos?limit=10&offset=0"));
});

test("one build serves whichever API its environment names, and holds no address", async () => {
  const other = await new Api().start();
  other.add("in the other API");
  const second = await new Frontend(build.folder, { API_URL: other.url }).start();
  const page = await (await fetch(`${second.url}/api/todos`)).json();
  assert.equal(page.items[0].title, "in the other API");
  assert.equal((await (await ask("/api/todos")).json()).total, 0);
  await second.stop();
  await other.stop();
  const chunks = join(build.folder, ".next/static/chunks");
  for (const name of await readdir(chunks)) {
    const text = await readFile(join(chunks, name), "utf8");
    assert.ok(!text.includes("API_URL"), name);
  }
});

test("the API may be below a path", async () => {
  api.misbehave = (response, request) => json(response, 200, { url: request.url });
  const second = await new Frontend(build.folder, { API_URL: `${api.url}/v1/` }).start();
  assert.deepEqual(await (await fetch(`${second.url}/api/todos/7`)).json(), { url: "/v1/todos/7" });
  await second.stop();
});

test("an API that is away is a 502 that says so, and the page is still served", async () => {
  await api.stop();
  const answer = await ask("/api/todos");
  assert.equal(answer.status, 502);
  assert.deepEqual(await answer.json(), { detail: "the API cannot be reached" });
  const page = await ask("/");
  assert.equal(page.status, 200);
  assert.match(await page.text(), /<h1>Todos<\/h1>/);
  await api.start();
  assert.equal((await ask("/api/todos")).status, 200);
});

test("an API that hangs is a 504 after API_TIMEOUT_SECONDS", async () => {
  api.misbehave = () => {};
  const answer = await ask("/api/todos");
  assert.equal(answer.status, 504);
  assert.deepEqual(await answer.json(), { detail: "the API did not answer within 0.5 s", uncertain: true });
});

test("an answer that stops half-way is a failure", async () => {
  api.misbehave = (response) => {
    response.writeHead(200, { "Content-Type": "application/json", "Content-Length": "100" });
    response.write('{"items": [', () => response.destroy());
  };
  const answer = await ask("/api/todos");
  assert.equal(answer.status, 502);
  assert.deepEqual(await answer.json(), { detail: "the API's answer did not arrive", uncertain: true });
});

test("an API whose name is unknown has surely done nothing", async () => {
  const second = await new Frontend(build.folder, { API_URL: "http://no-such-api.invalid" }).start();
  const answer = await fetch(`${second.url}/api/todos`);
  const { uncertain } = await answer.json();
  assert.deepEqual([answer.status, uncertain], [502, undefined]);
  await second.stop();
});

for (const [what, status, headers] of [
  ["a page", 200, { "Content-Type": "text/html" }],
  ["a redirect", 307, { Location: "http://127.0.0.1:9/" }],
]) {
  test(`${what} instead of the API's answer is a 502`, async () => {
    api.misbehave = (response) => response.writeHead(status, headers).end("<html>");
    const answer = await ask("/api/todos");
    assert.equal(answer.status, 502);
    assert.deepEqual(await answer.json(), {
      detail: "what answers at the API's address is not the API",
      uncertain: true,
    });
  });
}

test("the API's own refusals pass through, with when to come back", async () => {
  api.misbehave = (response) => json(response, 503, { detail: "the database does not answer" }, { "Retry-After": "5" });
  const answer = await ask("/api/todos");
  assert.equal(answer.status, 503);
  assert.equal(answer.headers.get("retry-after"), "5");
  assert.deepEqual(await answer.json(), { detail: "the database does not answer" });
});

for (const path of ["/api/todos/x", "/api/todos/1%2F..%2Fhealth", "/api/todos/..%2Fmetrics", "/api/health/ready", "/api/"]) {
  test(`${path} leads nowhere in the API`, async () => {
    assert.equal((await ask(path)).status, 404);
    assert.deepEqual(api.seen, []);
  });
}

test("what another site's form could send is refused", async () => {
  const body = JSON.stringify({ title: "planted" });
  const answer = await ask("/api/todos", { method: "POST", body, headers: { "Content-Type": "text/plain" } });
  assert.equal(answer.status, 415);
  assert.deepEqual(api.seen, []);
});

test("a body is at most 64 KiB, and its length is said", async () => {
  assert.equal((await send("POST", "/api/todos", { title: "x".repeat(65_000) })).status, 201);
  assert.equal((await send("POST", "/api/todos", { title: "x".repeat(66_000) })).status, 413);
  const body = new Blob(["{}"]).stream();
  const headers = { "Content-Type": "application/json" };
  assert.equal((await ask("/api/todos", { method: "POST", body, headers, duplex: "half" })).status, 411);
  assert.equal(api.seen.length, 1);
});

test("a request has one id in both logs and in the answer", async () => {
  const given = await ask("/api/todos", { headers: { "X-Request-ID": "abc-1" } });
  assert.equal(given.headers.get("x-request-id"), "abc-1");
  assert.equal(api.seen[0].headers["x-request-id"], "abc-1");
  const line = await until(() => frontend.log.find((entry) => entry.request_id === "abc-1"), "the log line");
  assert.deepEqual([line.level, line.message], ["INFO", "GET /todos 200"]);
  const harmful = await ask("/api/todos", { headers: { "X-Request-ID": "a b" } });
  assert.match(harmful.headers.get("x-request-id"), /^[0-9a-f-]{36}$/);
});

test("the reason of a failure is in the log, where the person at the page need not read it", async () => {
  await api.stop();
  await ask("/api/todos", { headers: { "X-Request-ID": "refused-1" } });
  const line = await until(() => frontend.log.find((entry) => entry.request_id === "refused-1"), "the log line");
  assert.equal(line.level, "ERROR");
  assert.match(line.error, /ECONNREFUSED/);
  await api.start();
});

// --- health

test("liveness and startup ask nothing else", async () => {
  await api.stop();
  for (const name of ["live", "startup"]) {
    const answer = await ask(`/health/${name}`);
    assert.equal(answer.status, 200);
    assert.deepEqual(await answer.json(), { status: "ok" });
  }
  await api.start();
});

test("readiness outlives the API, and tells how the API is", async () => {
  const host = new URL(api.url).host;
  assert.deepEqual(await (await ask("/health/ready")).json(), { status: "ok", checks: { api: { ok: true, host } } });
  api.misbehave = (response) => json(response, 500, {});
  const unwell = await (await ask("/health/ready")).json();
  assert.equal(unwell.checks.api.error, "it answers with status 500");
  await api.stop();
  const answer = await ask("/health/ready");
  assert.equal(answer.status, 200);
  const { status, checks } = await answer.json();
  assert.equal(status, "degraded");
  assert.match(checks.api.error, /ECONNREFUSED/);
  await api.start();
});

// --- what the browser is told

test("the page may be framed by nobody and loads from nowhere else", async () => {
  const { headers } = await ask("/");
  const policy = headers.get("content-security-policy");
  assert.match(policy, /default-src 'self'/);
  assert.match(policy, /frame-ancestors 'none'/);
  assert.equal(headers.get("x-content-type-options"), "nosniff");
  assert.equal(headers.get("x-powered-by"), null);
});

test("the page's scripts, style and icon are there", async () => {
  const page = await (await ask("/")).text();
  const paths = [...page.matchAll(/(?:src|href)="(\/[^"]*)"/g)].map(([, path]) => path);
  assert.ok(paths.some((path) => path.endsWith(".js")));
  assert.ok(paths.some((path) => path.endsWith(".css")));
  assert.ok(paths.includes("/icon.svg"));
  for (const path of paths) assert.equal((await ask(path)).status, 200, path);
});

// --- the configuration

for (const [what, environment, said] of [
  ["no API_URL", {}, /^bad configuration: API_URL: is required and not set/],
  ["an empty API_URL", { API_URL: "" }, /API_URL: is required and not set/],
  ["an API_URL without a scheme", { API_URL: "todo-app-api" }, /API_URL: must be a URL that starts with http/],
  ["another scheme", { API_URL: "ftp://x" }, /API_URL: must be a URL that starts with http/],
  ["a password in API_URL", { API_URL: "http://u:s3cret@x" }, /API_URL: may hold a host, a port and a path/],
  ["a timeout of words", { API_URL: "http://x", API_TIMEOUT_SECONDS: "soon" }, /API_TIMEOUT_SECONDS: must be/],
  ["a timeout of 0", { API_URL: "http://x", API_TIMEOUT_SECONDS: "0" }, /API_TIMEOUT_SECONDS: must be/],
]) {
  test(`${what} ends the server with one line and exit code 1`, async () => {
    const broken = await new Frontend(build.folder, environment).spawn();
    assert.equal(await broken.ended, 1);
    assert.equal(broken.log.length, 1);
    assert.equal(broken.log[0].level, "CRITICAL");
    assert.match(broken.log[0].message, said);
    assert.ok(!broken.lines.join().includes("s3cret"));
  });
}

// --- the end

test("SIGTERM answers what is in flight, then ends", async () => {
  const second = await new Frontend(build.folder, { API_URL: api.url, API_TIMEOUT_SECONDS: "10" }).start();
  let release;
  api.misbehave = (response) => (release = () => json(response, 200, { late: true }));
  const answer = fetch(`${second.url}/api/todos`, { headers: { Connection: "close" } });
  await until(() => release, "the request to reach the API");
  second.process.kill("SIGTERM");
  // A connection that is kept alive and busy at the very moment of the signal would go on being answered.
  const alone = { headers: { Connection: "close" } };
  await until(() => fetch(`${second.url}/health/live`, alone).then(() => false, () => true), "new requests to be refused");
  assert.equal(second.process.exitCode, null);
  release();
  assert.deepEqual(await (await answer).json(), { late: true });
  assert.equal(await second.ended, 143); // 128 + SIGTERM, as Next has it
});

test("a connection that asks for nothing does not keep the server from ending", async () => {
  const second = await new Frontend(build.folder, { API_URL: api.url, API_TIMEOUT_SECONDS: "0.5" }).start();
  const idle = connect(second.port, "127.0.0.1");
  await once(idle, "connect");
  assert.equal(await second.stop(), 143);
  idle.destroy();
});
