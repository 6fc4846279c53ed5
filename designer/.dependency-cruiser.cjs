// The floors of the designer: pages > canvas > forms > model > api, ui under all. Nobody imports upward.
const floor = (name) => `^designer/src/${name}/`;

/** @type {import("dependency-cruiser").IConfiguration} */
module.exports = {
  forbidden: [
    { name: "no-circles", severity: "error", from: {}, to: { circular: true } },
    {
      name: "api-is-the-ground",
      severity: "error",
      from: { path: floor("api") },
      to: { path: "^designer/src/", pathNot: floor("api") },
    },
    {
      name: "model-knows-only-api",
      severity: "error",
      from: { path: floor("model"), pathNot: "\\.test\\.tsx?$" },
      to: { path: "^designer/src/", pathNot: [floor("model"), floor("api")] },
    },
    {
      name: "model-is-free-of-react",
      comment: "What a screen means is tested without a screen.",
      severity: "error",
      from: { path: floor("(model|api)"), pathNot: "\\.test\\.tsx?$" },
      to: { path: "node_modules/(react|react-dom|react-router|react-i18next|@tanstack/react-query|antd|@rjsf)(/|$)" },
    },
    {
      name: "ui-knows-no-business",
      severity: "error",
      from: { path: floor("ui"), pathNot: "\\.test\\.tsx?$" },
      to: { path: "^designer/src/", pathNot: floor("ui") },
    },
    {
      name: "forms-know-no-page",
      severity: "error",
      from: { path: floor("forms") },
      to: { path: floor("(pages|canvas)") },
    },
    { name: "canvas-knows-no-page", severity: "error", from: { path: floor("canvas") }, to: { path: floor("pages") } },
    {
      name: "rjsf-and-antd-stay-in-forms",
      comment: "The form library is hidden behind SchemaForm so that it can be replaced.",
      severity: "error",
      from: { path: "^designer/src/", pathNot: floor("forms") },
      to: { path: "node_modules/(antd|@ant-design|@rjsf|@cfworker)/" },
    },
    {
      name: "every-import-resolves",
      severity: "error",
      from: {},
      to: { couldNotResolve: true },
    },
    {
      name: "floors-are-named",
      comment: "A new folder needs its own rule here.",
      severity: "error",
      from: { path: "^designer/src/(?!api/|model/|forms/|canvas/|pages/|ui/)[^/]+/" },
      to: {},
    },
  ],
  options: {
    doNotFollow: { path: "node_modules" },
    tsConfig: { fileName: "designer/tsconfig.json" },
    tsPreCompilationDeps: true,
    enhancedResolveOptions: { exportsFields: ["exports"], conditionNames: ["import", "types", "default"] },
  },
};
