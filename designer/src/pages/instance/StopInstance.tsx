import { useMutation, useQueryClient } from "@tanstack/react-query";
import { useState } from "react";
import { cancelInstance, suspendInstance } from "@/api/instances";
import { Dialog } from "@/ui/Dialog";
import { TextField } from "@/ui/Field";
import { ProblemState } from "../frame/Problem";
import { useToast } from "../frame/Toast";
import { keys } from "../keys";
import { useWords } from "../language";

/** How an instance may be stopped: for good, or for a while. */
export type Stop = "cancel" | "suspend";

const ACTS = { cancel: cancelInstance, suspend: suspendInstance };

/** Asks why before an instance is stopped; the reason goes into its history. */
export function StopInstance({ id, how, onClose }: { id: string; how: Stop; onClose: () => void }) {
  const { t } = useWords();
  const client = useQueryClient();
  const say = useToast();
  const [why, setWhy] = useState("");
  const [missing, setMissing] = useState(false);
  const stopping = useMutation({
    mutationFn: () => ACTS[how](id, why.trim()),
    onSuccess: async () => {
      say(t(`instance.done_${how}`));
      onClose();
      await client.invalidateQueries({ queryKey: keys.instance(id) });
    },
  });
  const confirm = () => {
    setMissing(why.trim() === "");
    if (why.trim()) stopping.mutate();
  };
  return (
    <Dialog
      title={t(`instance.${how}_title`)}
      help={t(`instance.${how}_help`)}
      confirm={t(`instance.${how}`)}
      danger={how === "cancel"}
      busy={stopping.isPending}
      onConfirm={confirm}
      onClose={onClose}
    >
      <TextField
        label={t("instance.why")}
        value={why}
        onChange={(event) => setWhy(event.target.value)}
        error={missing ? t("instance.why_missing") : undefined}
      />
      {stopping.isError && <ProblemState thrown={stopping.error} />}
    </Dialog>
  );
}
