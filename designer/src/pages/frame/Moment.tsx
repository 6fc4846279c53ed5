import { useEffect, useState } from "react";
import { fullMoment, shortMoment } from "@/model/moment";
import { useWords } from "../language";

const MINUTE_MS = 60_000;

/** The present, anew each minute, so that "today" and "late by" stay true on a page left open. */
export function useNow(): Date {
  const [now, setNow] = useState(() => new Date());
  useEffect(() => {
    const timer = setInterval(() => setNow(new Date()), MINUTE_MS);
    return () => clearInterval(timer);
  }, []);
  return now;
}

/** A moment on the plant's clock; its seconds show on hover. */
export function Moment({ at }: { at: string }) {
  const speech = useWords();
  const now = useNow();
  return (
    <time dateTime={at} title={fullMoment(at, speech.zone)}>
      {shortMoment(at, now, speech)}
    </time>
  );
}
