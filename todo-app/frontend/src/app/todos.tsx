"use client";

import { useId, useState, type FormEvent } from "react";

import { TITLE_LENGTH, type Todo } from "@/lib/todos";

import { useTodos } from "./use-todos";

export function Todos() {
  const { todos, total, loading, problem, load, add, complete } = useTodos();
  return (
    <>
      <NewTodo add={add} />
      <p className="problem" role="alert" hidden={!problem}>
        {problem}
      </p>
      <div className="bar">
        <p role="status">{summary(todos, total, loading)}</p>
        <button type="button" className="quiet" onClick={() => load(0)} disabled={loading}>
          Reload
        </button>
      </div>
      {todos && todos.length > 0 && (
        <ul aria-label="Todos">
          {todos.map((todo) => (
            <Item key={todo.id} todo={todo} complete={complete} />
          ))}
        </ul>
      )}
      {todos && todos.length < total && (
        <button type="button" className="more" onClick={() => load(todos.length)} disabled={loading}>
          Show more
        </button>
      )}
    </>
  );
}

function summary(todos: Todo[] | null, total: number, loading: boolean): string {
  if (!todos) return loading ? "Loading…" : "Nothing to show yet.";
  if (total === 0) return "Nothing to do. Add the first todo above.";
  if (todos.length < total) return `${todos.length} of ${total} shown`;
  const open = todos.filter((todo) => !todo.done).length;
  return open === 0 ? `All ${total} done` : `${open} open, ${total - open} done`;
}

function NewTodo({ add }: { add: (title: string) => Promise<boolean> }) {
  const [title, setTitle] = useState("");
  const [busy, setBusy] = useState(false);
  const field = useId();

  async function submit(event: FormEvent) {
    event.preventDefault();
    if (busy || !title.trim()) return;
    setBusy(true);
    if (await add(title.trim())) setTitle(""); // else it stays there, to be sent again
    setBusy(false);
  }

  return (
    <form onSubmit={submit}>
      <label htmlFor={field}>New todo</label>
      <div className="bar">
        <input
          id={field}
          value={title}
          onChange={(event) => setTitle(event.target.value)}
          maxLength={TITLE_LENGTH}
          autoComplete="off"
          enterKeyHint="done"
          placeholder="What is to be done?"
          required
        />
        <button type="submit" aria-disabled={busy}>
          {busy ? "Adding…" : "Add"}
        </button>
      </div>
    </form>
  );
}

function Item({ todo, complete }: { todo: Todo; complete: (todo: Todo, done: boolean) => Promise<void> }) {
  const [busy, setBusy] = useState(false);

  async function change(done: boolean) {
    if (busy) return;
    setBusy(true);
    await complete(todo, done);
    setBusy(false);
  }

  return (
    <li aria-busy={busy}>
      <label>
        <input type="checkbox" checked={todo.done} onChange={(event) => change(event.target.checked)} />
        <span>
          <span className="title">{todo.title}</span>
          {todo.due_at && !todo.done && <time dateTime={todo.due_at}>due {local(todo.due_at)}</time>}
        </span>
      </label>
    </li>
  );
}

function local(time: string): string {
  return new Date(time).toLocaleString(undefined, { dateStyle: "medium", timeStyle: "short" });
}
