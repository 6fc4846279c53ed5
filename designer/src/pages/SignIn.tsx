import { type FormEvent, useEffect, useState } from "react";
import { useTranslation } from "react-i18next";
import { Navigate, useSearchParams } from "react-router";
import { safeNext } from "@/model/submission";
import { Button } from "@/ui/Button";
import { TextField } from "@/ui/Field";
import { Loading } from "@/ui/Notice";
import { Brand } from "./frame/Brand";
import { LanguageSwitch } from "./frame/LanguageSwitch";
import { ProblemState } from "./frame/Problem";
import { useSession, useSignIn } from "./session";

export function SignIn() {
  const { t } = useTranslation();
  const [search] = useSearchParams();
  const session = useSession();
  useEffect(() => {
    document.title = `${t("sign_in.title")} · ${t("app.name")}`;
  }, [t]);
  if (session.data) return <Navigate to={safeNext(search.get("next"))} replace />;
  return (
    <div className="door">
      <header className="door-bar">
        <Brand />
        <LanguageSwitch />
      </header>
      <main className="card door-card">
        <div>
          <h1>{t("sign_in.title")}</h1>
          <p className="quiet">{t("sign_in.lead")}</p>
        </div>
        {session.isPending ? <Loading /> : <SignInForm />}
      </main>
    </div>
  );
}

function SignInForm() {
  const { t } = useTranslation();
  const [name, setName] = useState("");
  const [password, setPassword] = useState("");
  const [missing, setMissing] = useState(false);
  const signingIn = useSignIn();
  const submit = (event: FormEvent) => {
    event.preventDefault();
    const complete = name.trim() !== "" && password !== "";
    setMissing(!complete);
    if (complete) signingIn.mutate({ name: name.trim(), password });
  };
  return (
    <form onSubmit={submit} noValidate>
      {signingIn.isError && <ProblemState thrown={signingIn.error} />}
      <TextField
        label={t("sign_in.name")}
        name="name"
        autoComplete="username"
        autoCapitalize="none"
        spellCheck={false}
        value={name}
        onChange={(event) => setName(event.target.value)}
      />
      <TextField
        label={t("sign_in.password")}
        name="password"
        type="password"
        autoComplete="current-password"
        value={password}
        onChange={(event) => setPassword(event.target.value)}
        error={missing ? t("sign_in.missing") : undefined}
      />
      <Button type="submit" look="primary" busy={signingIn.isPending}>
        {signingIn.isPending ? t("sign_in.busy") : t("sign_in.submit")}
      </Button>
    </form>
  );
}
