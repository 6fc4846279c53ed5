import type { TaskItem } from "@/api/types";
import { span } from "@/model/moment";
import { taskMarks } from "@/model/status";
import { Mark } from "@/ui/Mark";
import { Moment, useNow } from "../frame/Moment";
import { useWords } from "../language";

type Timed = Pick<TaskItem, "due" | "overdue" | "escalated">;

const ICONS = { overdue: "clock", escalated: "raise" } as const;

/** Overdue and escalated, each as a mark; nothing when neither. */
export function TaskMarks({ task }: { task: Timed }) {
  const { t } = useWords();
  const marks = taskMarks(task);
  if (!marks.length) return null;
  return (
    <span className="marks">
      {marks.map((mark) => (
        <Mark key={mark} tone={mark === "overdue" ? "bad" : "warning"} icon={ICONS[mark]}>
          {t(`work.${mark}`)}
        </Mark>
      ))}
    </span>
  );
}

/** When a task is due, and how long that is from now. */
export function Due({ task }: { task: Timed }) {
  const { t } = useWords();
  const now = useNow();
  if (!task.due) return <span>{t("work.no_due")}</span>;
  const late = new Date(task.due) < now;
  const distance = t(late ? "moment.late_by" : "moment.left", { span: span(task.due, now, t) });
  return (
    <span>
      <Moment at={task.due} />
      {t("moment.aside", { text: distance })}
    </span>
  );
}
