/** The server has started; with a wrong configuration it would have ended instead (instrumentation.ts). */

export const dynamic = "force-dynamic";

export function GET(): Response {
  return Response.json({ status: "ok" });
}
