import type { InstanceItem } from "@/api/types";
import { instanceTone, instanceWord, outcomeTone } from "@/model/status";
import { wordFor } from "@/model/words";
import { Mark } from "@/ui/Mark";
import { useWords } from "../language";

type Marked = Pick<InstanceItem, "status" | "outcome" | "incidents">;

export function InstanceMark({ item }: { item: Marked }) {
  const { t } = useWords();
  return <Mark tone={instanceTone(item)}>{t(instanceWord(item))}</Mark>;
}

export function OutcomeMark({ outcome }: { outcome: string }) {
  const { t } = useWords();
  return <Mark tone={outcomeTone(outcome)}>{wordFor(t, "outcome", outcome)}</Mark>;
}
