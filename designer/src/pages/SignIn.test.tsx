import { render, screen } from "@testing-library/react";
import userEvent from "@testing-library/user-event";
import { afterEach, beforeAll, beforeEach, describe, expect, it, vi } from "vitest";
import { speak, startSpeaking } from "@/ui/i18n";
import { App } from "./App";

const answers = vi.fn<(request: Request) => Response>();

const problem = (status: number, code: string, detail: string) =>
  Response.json({ title: code, status, code, detail, findings: [] }, { status });

beforeAll(startSpeaking);

beforeEach(async () => {
  await speak("zh", false);
  vi.stubGlobal("fetch", async (request: Request) => answers(request));
  vi.stubGlobal("EventSource", undefined);
  window.history.replaceState(null, "", "/instances");
});

afterEach(() => {
  vi.unstubAllGlobals();
  answers.mockReset();
});

describe("signing in", () => {
  it("is asked of whoever is not signed in, and shows the server's sentence and code when it is refused", async () => {
    answers.mockImplementation((request) =>
      request.method === "POST"
        ? problem(401, "auth.wrong", "用户名或密码不对；请再输入一次。")
        : problem(401, "auth.required", "请先登录。"),
    );
    render(<App />);

    await userEvent.type(await screen.findByLabelText("用户名"), "supervisor");
    await userEvent.type(screen.getByLabelText("密码"), "wrong");
    await userEvent.click(screen.getByRole("button", { name: "登录" }));

    const alert = await screen.findByRole("alert");
    expect(alert).toHaveTextContent("用户名或密码不对；请再输入一次。");
    expect(alert).toHaveTextContent("auth.wrong");
    expect(location.search).toBe("?next=%2Finstances");
  });

  it("says that the server cannot be reached when no answer comes", async () => {
    answers.mockImplementation((request) => {
      if (request.method === "POST") throw new TypeError("Failed to fetch");
      return problem(401, "auth.required", "请先登录。");
    });
    render(<App />);

    await userEvent.type(await screen.findByLabelText("用户名"), "a");
    await userEvent.type(screen.getByLabelText("密码"), "b");
    await userEvent.click(screen.getByRole("button", { name: "登录" }));

    expect(await screen.findByRole("alert")).toHaveTextContent("连不上服务器；请检查网络后重试。");
  });

  it("asks for what is missing without troubling the server", async () => {
    answers.mockImplementation(() => problem(401, "auth.required", "请先登录。"));
    render(<App />);

    await userEvent.click(await screen.findByRole("button", { name: "登录" }));

    expect(screen.getByText("请填写用户名和密码。")).toBeVisible();
    expect(answers.mock.calls.filter(([request]) => request.method === "POST")).toHaveLength(0);
  });

  it("switches to English and remembers it", async () => {
    answers.mockImplementation(() => problem(401, "auth.required", "Sign in first."));
    render(<App />);

    await userEvent.click(await screen.findByRole("button", { name: "English" }));

    expect(await screen.findByRole("heading", { name: "Sign in" })).toBeVisible();
    expect(document.documentElement.lang).toBe("en");
    expect(localStorage.getItem("taktflow.language")).toBe("en");
  });
});
