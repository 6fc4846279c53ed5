import { problemView } from "@/model/problem";
import { ProblemNotice } from "@/ui/Notice";
import { useWords } from "../language";

/** Any thrown thing as an error state with its sentence and code. */
export function ProblemState({ thrown, title, onRetry }: { thrown: unknown; title?: string; onRetry?: () => void }) {
  const { t } = useWords();
  return <ProblemNotice title={title} onRetry={onRetry} {...problemView(thrown, t)} />;
}
