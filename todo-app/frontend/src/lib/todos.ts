/** The browser's requests, to the server its page came from. */

export interface Todo {
  id: number;
  title: string;
  done: boolean;
  due_at: string | null;
}

export interface TodoPage {
  items: Todo[];
  total: number;
}

export const PAGE_SIZE = 50;
export const TITLE_LENGTH = 200; // the API's limit

const TIMEOUT_SECONDS = 30; // more than the server gives the API, so that the server's reason is the one shown

/** A request failed; the message is a sentence for the person at the page. */
export class RequestError extends Error {}

export function listTodos(offset: number): Promise<TodoPage> {
  return request("GET", `?limit=${PAGE_SIZE}&offset=${offset}`);
}

export function addTodo(title: string): Promise<Todo> {
  return request("POST", "", { title });
}

export function setDone(id: number, done: boolean): Promise<Todo> {
  return request("PATCH", `/${id}`, { done });
}

async function request<T>(method: string, path: string, body?: object): Promise<T> {
  let response: Response;
  let answer: unknown;
  try {
    response = await fetch(`/api/todos${path}`, {
      method,
      headers: body ? { "Content-Type": "application/json" } : {},
      body: body ? JSON.stringify(body) : null,
      signal: AbortSignal.timeout(TIMEOUT_SECONDS * 1000),
    });
    answer = await response.json();
  } catch (error) {
    throw new RequestError(noAnswer(error, method));
  }
  if (!response.ok) throw new RequestError(sentence(response.status, answer, method));
  return answer as T;
}

function noAnswer(error: unknown, method: string): string {
  if (error instanceof SyntaxError) return "The server's answer cannot be read.";
  const late = error instanceof Error && error.name === "TimeoutError";
  const reason = late ? `The server did not answer within ${TIMEOUT_SECONDS} s.` : "The server cannot be reached.";
  return reason + doubt(method);
}

function sentence(status: number, answer: unknown, method: string): string {
  const detail = describe(answer) || `the server answered with status ${status}`;
  const text = detail.charAt(0).toUpperCase() + detail.slice(1);
  const uncertain = answer && typeof answer === "object" && "uncertain" in answer;
  return (/[.!?]$/.test(text) ? text : `${text}.`) + (uncertain ? doubt(method) : "");
}

/** A change whose answer never came may have been made. */
function doubt(method: string): string {
  return method === "GET" ? "" : " The change may have been made nevertheless: reload before you repeat it.";
}

/** The API's `detail`: a text, or a list of what is wrong with each field. */
function describe(answer: unknown): string {
  const detail = answer && typeof answer === "object" && "detail" in answer ? answer.detail : null;
  if (typeof detail === "string") return detail;
  if (!Array.isArray(detail)) return "";
  return detail.map(({ loc, msg }: { loc: unknown[]; msg: string }) => `${loc.at(-1)}: ${msg}`).join("; ");
}
