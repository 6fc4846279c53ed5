import { render, screen, waitFor } from "@testing-library/react";
import userEvent from "@testing-library/user-event";
import { beforeAll, describe, expect, it, vi } from "vitest";
import { speak, startSpeaking } from "@/ui/i18n";
import { SchemaForm } from "./SchemaForm";

const schema = {
  type: "object",
  required: ["reason", "quantity"],
  properties: {
    reason: { type: "string", title: "理由", minLength: 2 },
    quantity: { type: "integer", title: "数量", minimum: 1 },
    token: { type: "string", title: "口令", format: "secret", default: "stored" },
  },
};
const approve = { id: "approved", label: "批准", look: "primary" as const };
const reject = { id: "rejected", label: "驳回", look: "danger" as const };

function a_form(actions = [approve, reject], refused?: ReadonlyMap<string, string[]>) {
  const submitted = vi.fn();
  render(
    <SchemaForm schema={schema} uiSchema={{}} actions={actions} busy={false} refused={refused} onSubmit={submitted} />,
  );
  return submitted;
}

beforeAll(async () => {
  await startSpeaking();
  await speak("zh", false);
});

describe("a generated form", () => {
  it("says in Chinese, at the fields, all that is missing", async () => {
    const submitted = a_form();

    await userEvent.click(screen.getByRole("button", { name: "批准" }));

    expect(await screen.findByText("请填写“理由”")).toBeVisible();
    expect(screen.getByText("请填写“数量”")).toBeVisible();
    expect(screen.getByRole("alert")).toHaveTextContent("有 2 处需要修改");
    expect(submitted).not.toHaveBeenCalled();
  });

  it("names a number out of bounds instead of changing it", async () => {
    const submitted = a_form();

    await userEvent.type(screen.getByLabelText(/理由/), "库存周五到");
    await userEvent.type(screen.getByLabelText(/数量/), "0");
    await userEvent.click(screen.getByRole("button", { name: "批准" }));

    expect(await screen.findByText("不能小于 1")).toBeVisible();
    expect(screen.getByLabelText(/数量/)).toHaveValue("0");
    expect(submitted).not.toHaveBeenCalled();
  });

  it("gives its data with the outcome that was pressed", async () => {
    const submitted = a_form();

    await userEvent.type(screen.getByLabelText(/理由/), "库存周五到");
    await userEvent.type(screen.getByLabelText(/数量/), "24");
    await userEvent.click(screen.getByRole("button", { name: "驳回" }));

    await waitFor(() => expect(submitted).toHaveBeenCalledWith(expect.anything(), "rejected"));
    expect(submitted.mock.calls[0]?.[0]).toMatchObject({ reason: "库存周五到", quantity: 24 });
  });

  it("chooses no outcome when Enter is pressed and there are several", async () => {
    const submitted = a_form();

    await userEvent.type(screen.getByLabelText(/数量/), "24");
    await userEvent.type(screen.getByLabelText(/理由/), "库存周五到{Enter}");

    expect(submitted).not.toHaveBeenCalled();
  });

  it("never shows a stored secret", () => {
    a_form();

    expect(screen.getByLabelText("口令")).toHaveValue("");
  });

  it("shows at the field what the server refused", async () => {
    a_form([approve], new Map([[JSON.stringify(["quantity"]), ["请填 12 的倍数。"]]]));

    expect(await screen.findByText("请填 12 的倍数。")).toBeVisible();
  });
});
