/** The production build as it runs in the image, a real API to talk to, and a browser's document. */

import { spawn } from "node:child_process";
import { once } from "node:events";
import { cp, mkdtemp, rm } from "node:fs/promises";
import { createServer } from "node:http";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { createInterface } from "node:readline";

import { JSDOM, VirtualConsole } from "jsdom";

const PROJECT = join(import.meta.dirname, "..");
const WAIT = 60_000; // milliseconds within which whatever is waited for has to happen

/** Ask until the answer is truthy, and return it. */
export async function until(ask, what) {
  const end = Date.now() + WAIT;
  for (;;) {
    const answer = await ask();
    if (answer) return answer;
    if (Date.now() > end) throw new Error(`waited ${WAIT} ms for ${what}`);
    await new Promise((resolve) => setTimeout(resolve, 20));
  }
}

/** An HTTP server at a port of its own, which can go away and come back there. */
class Listening {
  port = 0;

  async listen(handler) {
    this.server = createServer(handler);
    this.server.listen(this.port, "127.0.0.1");
    await once(this.server, "listening");
    this.port = this.server.address().port;
  }

  get url() {
    return `http://127.0.0.1:${this.port}`;
  }

  async stop() {
    this.server.close();
    this.server.closeAllConnections();
    await once(this.server, "close");
  }
}

/** The todo API's routes and answers, over HTTP; `misbehave` may answer instead of it. */
export class Api extends Listening {
  todos = [];
  seen = [];
  misbehave = null;

  async start() {
    await this.listen((request, response) => void this.#answer(request, response));
    return this;
  }

  add(title, more = {}) {
    const todo = { id: this.todos.length + 1, title, done: false, due_at: null, ...more };
    this.todos.push(todo);
    return todo;
  }

  async #answer(request, response) {
    let text = "";
    for await (const part of request) text += part;
    this.seen.push({ method: request.method, url: request.url, headers: request.headers, text });
    if (this.misbehave) return this.misbehave(response, request);
    const { pathname, searchParams } = new URL(request.url, this.url);
    const body = text ? JSON.parse(text) : {};
    const todo = this.todos.find(({ id }) => pathname === `/todos/${id}`);
    if (pathname === "/health/live") return json(response, 200, { status: "ok" });
    if (pathname === "/todos" && request.method === "GET") return json(response, 200, this.#page(searchParams));
    if (pathname === "/todos" && !body.title?.trim()) {
      const problem = { loc: ["body", "title"], msg: "String should have at least 1 character" };
      return json(response, 422, { detail: [problem] });
    }
    if (pathname === "/todos") return json(response, 201, this.add(body.title));
    if (!todo) return json(response, 404, { detail: `there is no todo ${pathname.split("/").at(-1)}` });
    if (request.method === "DELETE") {
      this.todos = this.todos.filter((other) => other !== todo);
      return response.writeHead(204).end();
    }
    return json(response, 200, Object.assign(todo, body));
  }

  #page(query) {
    const [limit, offset] = [Number(query.get("limit") ?? 50), Number(query.get("offset") ?? 0)];
    return { items: this.todos.slice(offset, offset + limit), total: this.todos.length, limit, offset };
  }
}

export function json(response, status, body, headers = {}) {
  response.writeHead(status, { "Content-Type": "application/json", ...headers }).end(JSON.stringify(body));
}

/** A copy of the build laid out as the image has it. */
export async function layOut() {
  const folder = await mkdtemp(join(tmpdir(), "todo-frontend-"));
  await cp(join(PROJECT, ".next/standalone"), folder, { recursive: true });
  await cp(join(PROJECT, ".next/static"), join(folder, ".next/static"), { recursive: true });
  await cp(join(PROJECT, "public"), join(folder, "public"), { recursive: true });
  return { folder, remove: () => rm(folder, { recursive: true }) };
}

async function freePort() {
  const probe = new Listening();
  await probe.listen(() => {});
  await probe.stop();
  return probe.port;
}

/** The server, started with nothing but these variables; `lines` is what it wrote. */
export class Frontend {
  lines = [];

  constructor(folder, environment) {
    this.folder = folder;
    this.environment = environment;
  }

  async spawn() {
    this.port = await freePort();
    // The image's command; in Kubernetes HOSTNAME is the pod's name, which nothing here resolves.
    const command = ["HOSTNAME=0.0.0.0", process.execPath, "server.js"];
    const env = { PATH: process.env.PATH, HOSTNAME: "todo-app-frontend-5d9", PORT: String(this.port), ...this.environment };
    this.process = spawn("env", command, { cwd: this.folder, env, stdio: ["ignore", "pipe", "inherit"] });
    process.on("exit", () => this.process.kill("SIGKILL")); // a test that was cut short leaves nothing behind
    createInterface(this.process.stdout).on("line", (line) => this.lines.push(line));
    this.ended = once(this.process, "close").then(([code]) => code);
    return this;
  }

  async start() {
    await this.spawn();
    await until(() => fetch(`${this.url}/health/startup`).then(({ ok }) => ok, () => false), "the frontend");
    return this;
  }

  get url() {
    return `http://127.0.0.1:${this.port}`;
  }

  /** The JSON lines of its log. */
  get log() {
    return this.lines.filter((line) => line.startsWith("{")).map((line) => JSON.parse(line));
  }

  async stop() {
    this.process.kill("SIGTERM");
    return this.ended;
  }
}

/** The page, its scripts run, in a document that fetches from the server it came from. */
export async function open(url) {
  const window = await JSDOM.fromURL(url, {
    runScripts: "dangerously",
    resources: "usable",
    pretendToBeVisual: true,
    virtualConsole: new VirtualConsole(),
    beforeParse(window) {
      // No MessageChannel: Node's keeps the test's process alive, and React does without.
      Object.assign(window, { AbortSignal, Headers, ReadableStream, Request, Response });
      Object.assign(window, { TextDecoder, TextEncoder, TransformStream, WritableStream });
      window.fetch = (where, options) => fetch(new URL(where, window.location.href), options);
    },
  }).then((dom) => dom.window);
  return new Page(window);
}

class Page {
  constructor(window) {
    this.window = window;
    this.document = window.document;
  }

  get status() {
    return this.document.querySelector("[role=status]")?.textContent;
  }

  get problem() {
    const alert = this.document.querySelector("[role=alert]");
    return alert && !alert.hidden ? alert.textContent : "";
  }

  get titles() {
    return [...this.document.querySelectorAll("li .title")].map((node) => node.textContent);
  }

  button(name) {
    return [...this.document.querySelectorAll("button")].find((node) => node.textContent === name);
  }

  checkbox(title) {
    const label = [...this.document.querySelectorAll("li label")].find((node) => node.textContent.startsWith(title));
    return label.querySelector("input");
  }

  get field() {
    return this.document.querySelector("form input");
  }

  type(text) {
    const setter = Object.getOwnPropertyDescriptor(this.window.HTMLInputElement.prototype, "value").set;
    setter.call(this.field, text);
    this.field.dispatchEvent(new this.window.Event("input", { bubbles: true }));
  }

  submit() {
    this.field.form.requestSubmit();
  }

  close() {
    this.window.close();
  }
}
