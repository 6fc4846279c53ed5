import { QueryClient, QueryClientProvider } from "@tanstack/react-query";
import { useState } from "react";
import { RouterProvider } from "react-router/dom";
import { surround } from "@/api/client";
import { Problem } from "@/api/problem";
import { spokenLanguage } from "@/ui/i18n";
import { ToastProvider } from "./frame/Toast";
import { keys } from "./keys";
import { routes } from "./routes";

const TRIES = 2;

function pageClient(): QueryClient {
  return new QueryClient({
    defaultOptions: {
      queries: {
        staleTime: 5_000,
        // The server's own "no" is an answer; only silence and its failures are worth another try.
        retry: (count, error) => count < TRIES && !(error instanceof Problem && error.status > 0 && error.status < 500),
        refetchOnWindowFocus: true,
      },
    },
  });
}

/** The whole page: what it knows (queries), what it says (toasts) and where it is (routes). */
export function App() {
  const [client] = useState(() => {
    const made = pageClient();
    surround({ language: spokenLanguage, signedOut: () => made.setQueryData(keys.session, null) });
    return made;
  });
  const [router] = useState(routes);
  return (
    <QueryClientProvider client={client}>
      <ToastProvider>
        <RouterProvider router={router} />
      </ToastProvider>
    </QueryClientProvider>
  );
}
