/** What a screen offers to whom. The server decides; the page only leaves out what it would refuse. */
type Roles = readonly string[];

const anyOf = (roles: Roles, ...wanted: string[]) => roles.some((role) => role === "admin" || wanted.includes(role));

/** Settle incidents, cancel instances. */
export const mayOperate = (roles: Roles) => anyOf(roles, "operator");

/** Read definitions and what each step of an instance did. */
export const mayInspect = (roles: Roles) => anyOf(roles, "operator", "analyst");
