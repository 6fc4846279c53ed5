import { body, client, rememberCsrf } from "./client";
import { Problem } from "./problem";
import type { Session } from "./types";

function kept(session: Session): Session {
  rememberCsrf(session.csrf ?? "");
  return session;
}

export async function signIn(name: string, password: string): Promise<Session> {
  return kept(await body(client.POST("/api/session", { body: { name, password } })));
}

/** The session this browser holds; null when nobody is signed in. */
export async function currentSession(): Promise<Session | null> {
  try {
    return kept(await body(client.GET("/api/session")));
  } catch (thrown) {
    if (thrown instanceof Problem && thrown.status === 401) return null;
    throw thrown;
  }
}

export async function signOut(): Promise<void> {
  await body(client.DELETE("/api/session"));
  rememberCsrf("");
}
