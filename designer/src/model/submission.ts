/** A new id for one submission of a form. Made by hand, since `randomUUID` is missing on plain-HTTP intranets. */
export function newSubmissionId(): string {
  const bytes = crypto.getRandomValues(new Uint8Array(16));
  const hex = [...bytes].map((byte) => byte.toString(16).padStart(2, "0")).join("");
  return `sub-${hex}`;
}

/** Where to go after signing in: a path of this page, never another site. */
export function safeNext(next: string | null): string {
  return next?.startsWith("/") && !next.startsWith("//") && !next.includes("\\") ? next : "/";
}
