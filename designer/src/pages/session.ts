import { useMutation, useQuery, useQueryClient } from "@tanstack/react-query";
import { currentSession, signIn, signOut } from "@/api/session";
import { chosenLanguage, speak } from "@/ui/i18n";
import { keys } from "./keys";

/** Who is signed in here; `data` is null when nobody is. */
export function useSession() {
  return useQuery({ queryKey: keys.session, queryFn: currentSession, staleTime: 60_000 });
}

export function useSignIn() {
  const client = useQueryClient();
  return useMutation({
    mutationFn: ({ name, password }: { name: string; password: string }) => signIn(name, password),
    onSuccess: async (session) => {
      // A choice made on this device wins over the one kept with the user.
      if (!chosenLanguage()) await speak(session.user.language === "en" ? "en" : "zh", false);
      client.setQueryData(keys.session, session);
    },
  });
}

export function useSignOut() {
  const client = useQueryClient();
  return useMutation({
    mutationFn: signOut,
    onSettled: () => {
      client.clear();
      client.setQueryData(keys.session, null);
    },
  });
}
