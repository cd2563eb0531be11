import { Todos } from "./todos";

// Rendered once, at build time, and never again: it holds no data, so nothing is written to the disk later.
export default function Page() {
  return (
    <main>
      <h1>Todos</h1>
      <noscript>This page needs JavaScript.</noscript>
      <Todos />
    </main>
  );
}
