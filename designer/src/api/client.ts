import createClient, { type Middleware } from "openapi-fetch";
import { asProblem, Problem, problemOf, UNREADABLE } from "./problem";
import type { paths } from "./schema";

/** What the client needs to know of the page: the reader's language, and whom to tell when the session is over. */
export interface Surroundings {
  language: () => string;
  signedOut: () => void;
}

const around: Surroundings & { csrf: string } = { language: () => "zh", signedOut: () => {}, csrf: "" };

/** Says in which language the server shall answer and what to do when it no longer knows the caller. */
export function surround(surroundings: Surroundings): void {
  Object.assign(around, surroundings);
}

/** Keeps the token that proves to the server that a change comes from this page. */
export function rememberCsrf(token: string): void {
  around.csrf = token;
}

const READS = new Set(["GET", "HEAD"]);

const manners: Middleware = {
  onRequest({ request }) {
    request.headers.set("Accept-Language", around.language());
    if (!READS.has(request.method) && around.csrf) request.headers.set("X-CSRF-Token", around.csrf);
    return request;
  },
  onResponse({ response, schemaPath }) {
    if (response.status === 401 && schemaPath !== "/api/session") around.signedOut();
    return response;
  },
};

const client = createClient<paths>({
  baseUrl: typeof location === "undefined" ? "http://localhost" : location.origin,
  credentials: "same-origin",
  // Looked up at each call: tests put their own answers there.
  fetch: (request) => globalThis.fetch(request),
});
client.use(manners);

interface Answer<T> {
  data?: T;
  error?: unknown;
  response: Response;
}

/** The body of a good answer; throws a {@link Problem} for any other, and when no answer comes. */
async function body<T>(answer: Promise<Answer<T>>): Promise<T> {
  let got: Answer<T>;
  try {
    got = await answer;
  } catch (thrown) {
    if (thrown instanceof SyntaxError) throw new Problem(0, UNREADABLE, "");
    throw asProblem(thrown);
  }
  if (!got.response.ok) throw problemOf(got.response.status, got.error);
  return got.data as T;
}

export { body, client };
