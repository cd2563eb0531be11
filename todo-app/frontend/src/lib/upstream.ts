/** This server's requests to the API. */

import { loadConfig } from "@/lib/config";
import { log } from "@/lib/log";

const MAX_BODY_BYTES = 64 * 1024;
// Failures before a connection stood, so that the API has seen nothing of the request.
const UNSENT = ["ECONNREFUSED", "EHOSTUNREACH", "ENETUNREACH", "ENOTFOUND", "EAI_AGAIN", "UND_ERR_CONNECT_TIMEOUT"];

/**
 * Pass a browser's request on to the API, and the API's answer back.
 *
 * Whatever goes wrong on the way becomes an answer of the API's own form, `{"detail": …}`: 502 when the API can't
 * be reached or is not the API, 504 when it takes too long. `"uncertain": true` says that it may have done its part.
 *
 * @param request what the browser sent; a body has to be JSON, which no other site's form can send
 * @param path where in the API, with a slash at its start
 */
export async function forward(request: Request, path: string): Promise<Response> {
  const started = performance.now();
  const id = requestId(request);
  const { response, error } = await exchange(request, path, id);
  response.headers.set("Cache-Control", "no-store");
  response.headers.set("X-Request-ID", id);
  const { status } = response;
  log(error ? "ERROR" : "INFO", `${request.method} ${path} ${status}`, {
    request_id: id,
    method: request.method,
    path,
    status,
    duration_ms: Math.round((performance.now() - started) * 10) / 10,
    ...(error ? { error } : {}),
  });
  return response;
}

/**
 * Ask whether the API's process answers.
 *
 * @param timeoutSeconds how long it may take
 * @returns what is wrong, or null
 */
export async function probe(timeoutSeconds: number): Promise<string | null> {
  try {
    const { status } = await send("/health/live", { method: "GET" }, timeoutSeconds);
    return status === 200 ? null : `it answers with status ${status}`;
  } catch (error) {
    return explain(error, timeoutSeconds);
  }
}

interface Exchange {
  response: Response;
  /** What went wrong on this side of the API, for the log. */
  error?: string;
}

async function exchange(request: Request, path: string, id: string): Promise<Exchange> {
  const refusal = refuse(request);
  if (refusal) return { response: refusal };
  const { timeoutSeconds } = loadConfig();
  const headers = new Headers({ Accept: "application/json", "X-Request-ID": id });
  const body = hasBody(request) ? await request.text() : undefined;
  if (body !== undefined) headers.set("Content-Type", "application/json");
  try {
    return translate(await send(path, { method: request.method, headers, body }, timeoutSeconds));
  } catch (error) {
    return { response: noAnswer(error, timeoutSeconds), error: explain(error, timeoutSeconds) };
  }
}

function noAnswer(error: unknown, timeoutSeconds: number): Response {
  if (isTimeout(error)) return failure(504, `the API did not answer within ${timeoutSeconds} s`, true);
  if (UNSENT.includes(reasonCode(error))) return failure(502, "the API cannot be reached");
  return failure(502, "the API's answer did not arrive", true);
}

interface Answer {
  status: number;
  headers: Headers;
  text: string;
}

/** One request, its answer read to the end: a body that stops half-way is a failure, too. */
async function send(path: string, init: RequestInit, timeoutSeconds: number): Promise<Answer> {
  const answer = await fetch(loadConfig().apiUrl + path, {
    ...init,
    cache: "no-store",
    redirect: "manual",
    signal: AbortSignal.timeout(timeoutSeconds * 1000),
  });
  return { status: answer.status, headers: answer.headers, text: await answer.text() };
}

function translate({ status, headers, text }: Answer): Exchange {
  if (status === 204) return { response: new Response(null, { status }) };
  if (status < 200 || (status >= 300 && status < 400) || !isJson(headers)) {
    const error = `the API's address answered with status ${status} and ${headers.get("content-type") ?? "no type"}`;
    return { response: failure(502, "what answers at the API's address is not the API", true), error };
  }
  const response = new Response(text, { status, headers: { "Content-Type": "application/json" } });
  const retryAfter = headers.get("retry-after");
  if (retryAfter) response.headers.set("Retry-After", retryAfter);
  return { response };
}

function refuse(request: Request): Response | null {
  if (!hasBody(request)) return null;
  if (!isJson(request.headers)) return failure(415, "the body must be application/json");
  const length = request.headers.get("content-length");
  if (length === null) return failure(411, "the request must say the length of its body");
  return Number(length) <= MAX_BODY_BYTES ? null : failure(413, `the body may hold ${MAX_BODY_BYTES} bytes at most`);
}

function hasBody(request: Request): boolean {
  return request.method === "POST" || request.method === "PATCH";
}

function isJson(headers: Headers): boolean {
  return headers.get("content-type")?.split(";")[0]?.trim().toLowerCase() === "application/json";
}

function failure(status: number, detail: string, uncertain = false): Response {
  return Response.json(uncertain ? { detail, uncertain } : { detail }, { status });
}

function isTimeout(error: unknown): boolean {
  return error instanceof Error && error.name === "TimeoutError";
}

/** The reason under fetch's "fetch failed". */
function explain(error: unknown, timeoutSeconds: number): string {
  if (isTimeout(error)) return `no answer within ${timeoutSeconds} s`;
  if (!(error instanceof Error)) return String(error);
  const cause = error.cause instanceof Error ? error.cause : error;
  return cause.message || reasonCode(error) || cause.name;
}

function reasonCode(error: unknown): string {
  const cause = error instanceof Error ? error.cause : null;
  return cause instanceof Error && "code" in cause ? String(cause.code) : "";
}

/** The caller's X-Request-ID where it is harmless, else a new one. */
function requestId(request: Request): string {
  const given = request.headers.get("x-request-id") ?? "";
  return /^[A-Za-z0-9._-]{1,64}$/.test(given) ? given : crypto.randomUUID();
}
