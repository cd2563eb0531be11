import { forward } from "@/lib/upstream";

export const dynamic = "force-dynamic";

export async function GET(request: Request): Promise<Response> {
  return forward(request, `/todos${new URL(request.url).search}`);
}

export async function POST(request: Request): Promise<Response> {
  return forward(request, "/todos");
}
