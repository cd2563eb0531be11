/** The page: its scripts run in a document, its requests reach the real server and through it a real API. */

import assert from "node:assert/strict";
import { after, afterEach, before, beforeEach, test } from "node:test";

import { Api, Frontend, json, layOut, open, until } from "./support.mjs";

let build, api, frontend, page;

before(async () => {
  build = await layOut();
  api = await new Api().start();
  frontend = await new Frontend(build.folder, { API_URL: api.url, API_TIMEOUT_SECONDS: "0.5" }).start();
});

after(async () => {
  await frontend.stop();
  await api.stop();
  await build.remove();
});

beforeEach(() => {
  Object.assign(api, { todos: [], seen: [], misbehave: null });
});

afterEach(() => page.close());

async function show(status) {
  page = await open(frontend.url);
  await until(() => page.status === status, `“${status}”, instead of “${page.status}” ${page.problem}`);
}

test("an empty list says what to do", async () => {
  await show("Nothing to do. Add the first todo above.");
  assert.equal(page.problem, "");
  assert.equal(page.document.querySelector("ul"), null);
});

test("todos are listed with their state, and counted", async () => {
  api.add("buy milk");
  api.add("pay rent", { done: true });
  await show("1 open, 1 done");
  assert.deepEqual(page.titles, ["buy milk", "pay rent"]);
  assert.equal(page.checkbox("buy milk").checked, false);
  assert.equal(page.checkbox("pay rent").checked, true);
});

test("a title is text, whatever it holds", async () => {
  const title = '<img src=x onerror=alert(1)> & "ü€"';
  api.add(title);
  await show("1 open, 0 done");
  assert.deepEqual(page.titles, [title]);
  assert.equal(page.document.querySelector("li img"), null);
});

test("a todo is added, and the field is free for the next", async () => {
  await show("Nothing to do. Add the first todo above.");
  page.type("  buy milk ");
  page.submit();
  await until(() => page.titles.length === 1, "the new todo");
  assert.deepEqual(api.todos.map((todo) => todo.title), ["buy milk"]);
  await until(() => page.field.value === "", "an empty field");
  assert.equal(page.status, "1 open, 0 done");
});

test("nothing but blanks is not sent", async () => {
  await show("Nothing to do. Add the first todo above.");
  page.type("   ");
  page.submit();
  page.type("real");
  page.submit();
  await until(() => page.titles.length === 1, "the real one");
  assert.equal(api.seen.filter(({ method }) => method === "POST").length, 1);
});

test("a todo is completed, and opened again", async () => {
  api.add("buy milk");
  await show("1 open, 0 done");
  page.checkbox("buy milk").click();
  await until(() => page.status === "All 1 done", "the count");
  assert.equal(api.todos[0].done, true);
  assert.equal(page.checkbox("buy milk").checked, true);
  page.checkbox("buy milk").click();
  await until(() => page.status === "1 open, 0 done", "the count");
  assert.equal(api.todos[0].done, false);
});

test("more todos than a page are shown on request", async () => {
  for (let n = 1; n <= 70; n += 1) api.add(`todo ${n}`);
  await show("50 of 70 shown");
  page.button("Show more").click();
  await until(() => page.titles.length === 70, "the rest");
  assert.equal(page.titles[69], "todo 70");
  assert.equal(page.status, "70 open, 0 done");
  assert.equal(page.button("Show more"), undefined);
});

test("a page that was opened while the API was away fills itself when it is back", async () => {
  api.add("buy milk");
  await api.stop();
  page = await open(frontend.url);
  await until(() => page.problem, "the problem");
  assert.equal(page.problem, "The todos could not be loaded. The API cannot be reached.");
  assert.equal(page.status, "Nothing to show yet.");
  await api.start();
  await until(() => page.titles.length === 1, "the todos");
  assert.equal(page.problem, "");
});

test("what could not be added stays in the field and can be sent again", async () => {
  api.add("buy milk");
  await show("1 open, 0 done");
  api.misbehave = (response) => json(response, 503, { detail: "the database does not answer" });
  page.type("pay rent");
  page.submit();
  await until(() => page.problem, "the problem");
  assert.equal(page.problem, "“pay rent” could not be added. The database does not answer.");
  assert.equal(page.field.value, "pay rent");
  assert.deepEqual(page.titles, ["buy milk"]);
  api.misbehave = null;
  await until(() => page.button("Add"), "the button");
  page.submit();
  await until(() => page.titles.length === 2, "the second todo");
  assert.equal(page.problem, "");
});

test("a change that was not made is not shown as made", async () => {
  api.add("buy milk");
  await show("1 open, 0 done");
  api.todos = [];
  page.checkbox("buy milk").click();
  await until(() => page.problem, "the problem");
  assert.equal(page.problem, "“buy milk” could not be changed. There is no todo 1.");
  assert.equal(page.checkbox("buy milk").checked, false);
  page.button("Reload").click();
  await until(() => page.titles.length === 0, "the todo to go");
  assert.equal(page.problem, "");
});

test("a change whose answer never came is reported as uncertain", async () => {
  api.add("buy milk");
  await show("1 open, 0 done");
  api.misbehave = () => {};
  page.checkbox("buy milk").click();
  await until(() => page.problem, "the problem");
  assert.match(page.problem, /The API did not answer within 0.5 s. The change may have been made nevertheless/);
});

test("a change that the API never saw is reported as not made", async () => {
  await show("Nothing to do. Add the first todo above.");
  await api.stop();
  page.type("buy milk");
  page.submit();
  await until(() => page.problem, "the problem");
  assert.equal(page.problem, "“buy milk” could not be added. The API cannot be reached.");
  await api.start();
});

test("what the API finds wrong with a field is said in its words", async () => {
  await show("Nothing to do. Add the first todo above.");
  api.misbehave = (response) => json(response, 422, { detail: [{ loc: ["body", "title"], msg: "is too odd" }] });
  page.type("odd");
  page.submit();
  await until(() => page.problem, "the problem");
  assert.equal(page.problem, "“odd” could not be added. Title: is too odd.");
});

test("a failed reload keeps what was there", async () => {
  api.add("buy milk");
  await show("1 open, 0 done");
  api.misbehave = (response) => json(response, 500, {});
  page.button("Reload").click();
  await until(() => page.problem, "the problem");
  assert.equal(page.problem, "The todos could not be loaded. The server answered with status 500.");
  assert.deepEqual(page.titles, ["buy milk"]);
});

test("every control has a name, and messages are announced", async () => {
  api.add("buy milk");
  await show("1 open, 0 done");
  const { document } = page;
  for (const input of document.querySelectorAll("input")) assert.ok(input.labels.length, input.outerHTML);
  for (const button of document.querySelectorAll("button")) assert.ok(button.textContent);
  assert.equal(document.documentElement.lang, "en");
  assert.equal(document.querySelectorAll("h1").length, 1);
  assert.ok(document.querySelector("[role=alert]"), "it has to be there before it speaks");
  assert.equal(document.querySelectorAll("[tabindex]").length, 0);
});
