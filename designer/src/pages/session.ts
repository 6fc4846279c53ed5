import { type QueryClient, useMutation, useQuery, useQueryClient } from "@tanstack/react-query";
import { currentSession, signIn, signOut } from "@/api/session";
import { chosenLanguage, speak } from "@/ui/i18n";
import { keys } from "./keys";

/** Who is signed in here; `data` is null when nobody is. */
export function useSession() {
  return useQuery({ queryKey: keys.session, queryFn: currentSession, staleTime: 60_000 });
}

/** What one person was shown must not flash up for the next. */
function forgetAllElse(client: QueryClient): void {
  client.removeQueries({ predicate: ({ queryKey }) => queryKey[0] !== keys.session[0] });
}

export function useSignIn() {
  const client = useQueryClient();
  return useMutation({
    mutationFn: ({ name, password }: { name: string; password: string }) => signIn(name, password),
    onSuccess: async (session) => {
      // A choice made on this device wins over the one kept with the user.
      if (!chosenLanguage()) await speak(session.user.language === "en" ? "en" : "zh", false);
      forgetAllElse(client);
      client.setQueryData(keys.session, session);
    },
  });
}

/** The roles of whoever is signed in. */
export function useRoles(): readonly string[] {
  return useSession().data?.user.roles ?? [];
}

export function useSignOut() {
  const client = useQueryClient();
  return useMutation({
    mutationFn: signOut,
    onSettled: () => {
      client.setQueryData(keys.session, null);
      forgetAllElse(client);
    },
  });
}
