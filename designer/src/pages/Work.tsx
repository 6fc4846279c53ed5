import { useMutation, useQueryClient } from "@tanstack/react-query";
import { useState } from "react";
import { Link } from "react-router";
import type { TaskItem } from "@/api/types";
import { claim, release, type TaskStatus, userTasks } from "@/api/work";
import { titled } from "@/model/words";
import { Button } from "@/ui/Button";
import { Empty, Loading } from "@/ui/Notice";
import { Live } from "./frame/Live";
import { Moment } from "./frame/Moment";
import { More } from "./frame/More";
import { PageHead } from "./frame/PageHead";
import { ProblemState } from "./frame/Problem";
import { keys } from "./keys";
import { useWords } from "./language";
import { usePages } from "./paging";
import { useSession } from "./session";
import { Due, TaskMarks } from "./shown/Due";
import { OutcomeMark } from "./shown/InstanceMark";

const STATUSES: readonly TaskStatus[] = ["open", "done"];

/** The start page: what waits for the reader, the most pressing first as the server orders it. */
export function Work() {
  const { t } = useWords();
  const [status, setStatus] = useState<TaskStatus>("open");
  const tasks = usePages(keys.work(status), (cursor) => userTasks(status, cursor));
  return (
    <>
      <PageHead title={t("work.title")}>
        <div className="tabs">
          {STATUSES.map((one) => (
            <button
              key={one}
              type="button"
              className="tab"
              aria-pressed={one === status}
              onClick={() => setStatus(one)}
            >
              {t(`work.${one}`)}
            </button>
          ))}
        </div>
        <Live />
      </PageHead>
      {tasks.isPending && <Loading />}
      {tasks.isError && <ProblemState thrown={tasks.error} onRetry={() => tasks.refetch()} />}
      {tasks.isSuccess && tasks.items.length === 0 && (
        <Empty
          title={t(status === "open" ? "work.empty" : "work.empty_done")}
          help={status === "open" ? t("work.empty_help") : undefined}
        />
      )}
      {tasks.items.length > 0 && (
        <>
          <ul className="rows" aria-label={t("work.title")}>
            {tasks.items.map((task) => (
              <TaskRow key={task.id} task={task} open={status === "open"} />
            ))}
          </ul>
          <More pages={tasks} />
        </>
      )}
    </>
  );
}

function TaskRow({ task, open }: { task: TaskItem; open: boolean }) {
  const { language, t } = useWords();
  return (
    <li className={open && task.overdue ? "row row-urgent" : "row"} data-testid="task">
      <div className="row-main">
        <div className="row-title">
          <Link to={`/tasks/${encodeURIComponent(task.id)}`}>
            {titled(task.title, language, task.node)} <span className="whole">{task.key}</span>
          </Link>
          {open && <TaskMarks task={task} />}
          {!open && task.outcome && <OutcomeMark outcome={task.outcome} />}
        </div>
        <div className="row-facts">
          <span>{titled(task.workflow_title, language, task.workflow)}</span>
          <span>
            {t("work.opened")} <Moment at={task.opened_at} />
          </span>
          {open && (
            <span>
              {task.due && t("work.due")} <Due task={task} />
            </span>
          )}
        </div>
      </div>
      {open && <Claim task={task} />}
    </li>
  );
}

function Claim({ task }: { task: TaskItem }) {
  const { language, t } = useWords();
  const client = useQueryClient();
  const me = useSession().data?.user.name;
  const change = useMutation({
    mutationFn: () => (task.claimed_by ? release(task.id) : claim(task.id)),
    onSettled: () => client.invalidateQueries({ queryKey: keys.allWork }),
  });
  const mine = task.claimed_by === me;
  if (task.claimed_by && !mine) {
    return <span className="row-side quiet">{t("work.claimed_by", { name: task.claimed_by })}</span>;
  }
  const named = t("work.claim_named", { title: titled(task.title, language, task.node), key: task.key });
  return (
    <div className="row-side">
      {mine && <span className="quiet">{t("work.claimed_by_me")}</span>}
      <Button busy={change.isPending} onClick={() => change.mutate()} aria-label={mine ? undefined : named}>
        {t(mine ? "work.release" : "work.claim")}
      </Button>
      {change.isError && <ProblemState thrown={change.error} />}
    </div>
  );
}
