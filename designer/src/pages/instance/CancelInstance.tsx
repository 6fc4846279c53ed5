import { useMutation, useQueryClient } from "@tanstack/react-query";
import { useState } from "react";
import { cancelInstance } from "@/api/instances";
import { Dialog } from "@/ui/Dialog";
import { TextField } from "@/ui/Field";
import { ProblemState } from "../frame/Problem";
import { useToast } from "../frame/Toast";
import { keys } from "../keys";
import { useWords } from "../language";

/** Asks why before an instance is cancelled; the reason goes into its history. */
export function CancelInstance({ id, onClose }: { id: string; onClose: () => void }) {
  const { t } = useWords();
  const client = useQueryClient();
  const say = useToast();
  const [why, setWhy] = useState("");
  const [missing, setMissing] = useState(false);
  const cancelling = useMutation({
    mutationFn: () => cancelInstance(id, why.trim()),
    onSuccess: async () => {
      say(t("instance.done_cancel"));
      onClose();
      await client.invalidateQueries({ queryKey: keys.instance(id) });
    },
  });
  const confirm = () => {
    setMissing(why.trim() === "");
    if (why.trim()) cancelling.mutate();
  };
  return (
    <Dialog
      title={t("instance.cancel_title")}
      help={t("instance.cancel_help")}
      confirm={t("instance.cancel")}
      danger
      busy={cancelling.isPending}
      onConfirm={confirm}
      onClose={onClose}
    >
      <TextField
        label={t("instance.why")}
        value={why}
        onChange={(event) => setWhy(event.target.value)}
        error={missing ? t("instance.why_missing") : undefined}
      />
      {cancelling.isError && <ProblemState thrown={cancelling.error} />}
    </Dialog>
  );
}
