import { forward } from "@/lib/upstream";

export const dynamic = "force-dynamic";

async function forwardOne(request: Request, { params }: RouteContext<"/api/todos/[id]">): Promise<Response> {
  const { id } = await params;
  // Nothing but a number reaches the API's address: no other path of it can be asked for.
  if (!/^\d{1,19}$/.test(id)) return Response.json({ detail: "there is no such todo" }, { status: 404 });
  return forward(request, `/todos/${id}`);
}

export const GET = forwardOne;
export const PATCH = forwardOne;
export const DELETE = forwardOne;
