import { Suspense, useEffect } from "react";
import { useTranslation } from "react-i18next";
import { Navigate, NavLink, Outlet, useLocation } from "react-router";
import type { Session } from "@/api/types";
import { warmForms } from "@/forms/LazySchemaForm";
import { Icon, type IconName } from "@/ui/Icon";
import { Loading } from "@/ui/Notice";
import { PlantZone } from "../language";
import { useSession, useSignOut } from "../session";
import { Bell } from "./Bell";
import { Brand } from "./Brand";
import { LanguageSwitch } from "./LanguageSwitch";
import { ProblemState } from "./Problem";
import { LivenessNow, useLiveUpdates } from "./updates";

const WAYS: { to: string; name: string; icon: IconName }[] = [
  { to: "/", name: "nav.work", icon: "work" },
  { to: "/start", name: "nav.start", icon: "form" },
  { to: "/instances", name: "nav.instances", icon: "instances" },
];

const WARM_AFTER_MS = 1_500;

/** The page of whoever is signed in; anyone else is sent to sign in and comes back to where they were. */
export function Frame() {
  const session = useSession();
  const here = useLocation();
  if (session.isPending) return <Loading />;
  if (session.isError) {
    return (
      <main className="page page-narrow">
        <ProblemState thrown={session.error} onRetry={() => session.refetch()} />
      </main>
    );
  }
  if (!session.data) {
    const next =
      here.pathname === "/" && !here.search ? "" : `?next=${encodeURIComponent(here.pathname + here.search)}`;
    return <Navigate to={`/sign-in${next}`} replace />;
  }
  return <SignedIn session={session.data} />;
}

function SignedIn({ session }: { session: Session }) {
  const liveness = useLiveUpdates();
  useEffect(() => {
    const timer = setTimeout(warmForms, WARM_AFTER_MS);
    return () => clearTimeout(timer);
  }, []);
  return (
    <LivenessNow value={liveness}>
      <PlantZone value={session.timezone}>
        <Bar session={session} />
        <main className="page" id="content" tabIndex={-1}>
          <Suspense fallback={<Loading />}>
            <Outlet />
          </Suspense>
        </main>
      </PlantZone>
    </LivenessNow>
  );
}

function Bar({ session }: { session: Session }) {
  const { t } = useTranslation();
  const leave = useSignOut();
  return (
    <>
      <a className="skip" href="#content">
        {t("app.skip")}
      </a>
      <header className="bar">
        <Brand />
        <nav className="nav" aria-label={t("app.nav")}>
          {WAYS.map(({ to, name, icon }) => (
            <NavLink key={to} to={to} end={to === "/"}>
              <Icon name={icon} />
              {t(name)}
            </NavLink>
          ))}
        </nav>
        <div className="bar-end">
          <Bell />
          <LanguageSwitch />
          <span className="bar-who" title={t("app.signed_in_as", { name: session.user.display })} data-testid="user">
            <Icon name="person" />
            <span className="bar-name">{session.user.display}</span>
          </span>
          <button
            type="button"
            className="bar-button"
            aria-label={t("app.sign_out")}
            title={t("app.sign_out")}
            onClick={() => leave.mutate()}
          >
            <Icon name="out" />
          </button>
        </div>
      </header>
    </>
  );
}
