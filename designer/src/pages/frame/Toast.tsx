import { createContext, type ReactNode, useCallback, useContext, useEffect, useState } from "react";
import { Notice } from "@/ui/Notice";

const STAYS_MS = 5_000;

const Say = createContext<(text: string) => void>(() => {});

/** Says in passing that something was done. */
export const useToast = () => useContext(Say);

export function ToastProvider({ children }: { children: ReactNode }) {
  const [said, setSaid] = useState<{ text: string; at: number } | null>(null);
  const say = useCallback((text: string) => setSaid({ text, at: performance.now() }), []);
  useEffect(() => {
    if (!said) return;
    const timer = setTimeout(() => setSaid(null), STAYS_MS);
    return () => clearTimeout(timer);
  }, [said]);
  return (
    <Say value={say}>
      {children}
      <div className="toast" aria-live="polite" data-testid="toast">
        {said && <Notice tone="good" title={said.text} />}
      </div>
    </Say>
  );
}
