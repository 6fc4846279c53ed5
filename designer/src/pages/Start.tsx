import { useQuery } from "@tanstack/react-query";
import { Link } from "react-router";
import { startableForms } from "@/api/forms";
import { Icon } from "@/ui/Icon";
import { Empty, Loading } from "@/ui/Notice";
import { PageHead } from "./frame/PageHead";
import { ProblemState } from "./frame/Problem";
import { keys } from "./keys";
import { useWords } from "./language";

/** The forms by which the reader may start something. */
export function Start() {
  const { t } = useWords();
  const forms = useQuery({ queryKey: keys.forms, queryFn: startableForms });
  return (
    <>
      <PageHead title={t("start.title")} />
      {forms.isPending && <Loading />}
      {forms.isError && <ProblemState thrown={forms.error} onRetry={() => forms.refetch()} />}
      {forms.data?.length === 0 && <Empty title={t("start.empty")} help={t("start.empty_help")} />}
      {forms.data && forms.data.length > 0 && (
        <ul className="rows" aria-label={t("start.title")}>
          {forms.data.map(({ workflow, start, title }) => (
            <li key={`${workflow}/${start}`} className="row row-way">
              <div className="row-title">
                <Icon name="form" />
                <Link to={`/forms/${encodeURIComponent(workflow)}/${encodeURIComponent(start)}`}>{title}</Link>
              </div>
              <Icon name="next" />
            </li>
          ))}
        </ul>
      )}
    </>
  );
}
