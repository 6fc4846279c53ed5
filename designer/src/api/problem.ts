/** Something wrong in what was sent, and where (a JSON pointer). */
export interface ProblemFinding {
  code: string;
  at: string;
  message: string;
}

/** An answer of the server that is not what was asked for (RFC 9457). `message` is a sentence that says what to do. */
export class Problem extends Error {
  constructor(
    readonly status: number,
    readonly code: string,
    message: string,
    readonly findings: readonly ProblemFinding[] = [],
  ) {
    super(message);
    this.name = "Problem";
  }
}

/** No answer came: the network is down or the server is. Its sentence is the page's own. */
export const UNREACHABLE = "page.unreachable";

/** The server answered, but not as agreed, such as a proxy's error page. */
export const UNREADABLE = "page.unreadable";

const text = (value: unknown): string => (typeof value === "string" ? value : "");

function findingOf(raw: unknown): ProblemFinding {
  const finding = (raw ?? {}) as Record<string, unknown>;
  return { code: text(finding.code), at: text(finding.at), message: text(finding.message) };
}

/** The problem that an error answer's body tells; a body of another shape becomes {@link UNREADABLE}. */
export function problemOf(status: number, body: unknown): Problem {
  if (typeof body !== "object" || body === null) return new Problem(status, UNREADABLE, "");
  const raw = body as Record<string, unknown>;
  const message = text(raw.detail) || text(raw.title);
  if (!message) return new Problem(status, UNREADABLE, "");
  const findings = Array.isArray(raw.findings) ? raw.findings.map(findingOf) : [];
  return new Problem(status, text(raw.code) || `http.${status}`, message, findings);
}

/** Any thrown thing as a problem, so that every error state of the page has a code. */
export function asProblem(thrown: unknown): Problem {
  return thrown instanceof Problem ? thrown : new Problem(0, UNREACHABLE, "");
}
