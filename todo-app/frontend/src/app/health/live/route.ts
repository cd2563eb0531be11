/** The process serves requests. Asks nothing else: a restart mends no backing service. */

export const dynamic = "force-dynamic";

export function GET(): Response {
  return Response.json({ status: "ok" });
}
