import { createBrowserRouter, type RouteObject } from "react-router";
import { Broken, NotFound } from "./frame/Astray";
import { Frame } from "./frame/Frame";
import { SignIn } from "./SignIn";
import { Work } from "./Work";

/** A page fetched when it is first opened. */
const lazily = (load: () => Promise<React.ComponentType>) => async () => ({ Component: await load() });

const routeTree: RouteObject[] = [
  { path: "/sign-in", Component: SignIn, ErrorBoundary: Broken },
  {
    path: "/forms/:workflow/:start",
    lazy: lazily(async () => (await import("./PublicForm")).PublicForm),
    ErrorBoundary: Broken,
    HydrateFallback: () => null,
  },
  {
    path: "/",
    Component: Frame,
    ErrorBoundary: Broken,
    HydrateFallback: () => null,
    children: [
      { index: true, Component: Work },
      { path: "tasks/:id", lazy: lazily(async () => (await import("./Task")).Task) },
      { path: "start", lazy: lazily(async () => (await import("./Start")).Start) },
      { path: "instances", lazy: lazily(async () => (await import("./Instances")).Instances) },
      { path: "instances/:id", lazy: lazily(async () => (await import("./instance/Instance")).Instance) },
      { path: "records/:entity/*", lazy: lazily(async () => (await import("./Record")).Record) },
      { path: "alerts", lazy: lazily(async () => (await import("./Alerts")).Alerts) },
      { path: "*", Component: NotFound },
    ],
  },
];

export const routes = () => createBrowserRouter(routeTree);
