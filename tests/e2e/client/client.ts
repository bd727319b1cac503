// A typed client in a page of code: every path, parameter, body and answer comes from the generated `paths`.

import type { components, paths } from "./api.js";

export type Task = components["schemas"]["TaskOut"];

type Method = "get" | "put" | "post" | "patch" | "delete";
type Methods<P extends keyof paths> = {
  [M in Method]: paths[P][M] extends { responses: unknown } ? M : never;
}[Method];

type Given<O, Where extends string> = O extends { parameters: Record<Where, infer Values extends object> }
  ? Values
  : never;
type Sent<O> = O extends { requestBody: { content: { "application/json": infer Body } } } ? Body : never;
type Needed<Name extends string, Value> = [Value] extends [never] ? unknown : Record<Name, Value>;
type Query<O> = O extends { parameters: { query?: infer Values } }
  ? { query?: Exclude<Values, undefined> }
  : unknown;

type Options<O> = Needed<"path", Given<O, "path">> &
  Needed<"body", Sent<O>> &
  Query<O> & { ifMatch?: string };

type Content<R> = R extends { content: { "application/json": infer Body } }
  ? Body
  : R extends { content: { "application/problem+json": infer Problem } }
    ? Problem
    : null;
type Answer<O> = O extends { responses: infer All }
  ? { [S in keyof All & number]: { status: S; body: Content<All[S]>; headers: Headers } }[keyof All & number]
  : never;

interface Loose {
  path?: Record<string, string>;
  query?: Record<string, unknown>;
  body?: unknown;
  ifMatch?: string;
}

export class Client {
  token: string | null = null;

  constructor(readonly base: string) {}

  /** The answer, told apart by its status: `if (answer.status === 201) answer.body.id`. */
  async call<P extends keyof paths, M extends Methods<P>>(
    method: M,
    path: P,
    options: Options<paths[P][M]>,
  ): Promise<Answer<paths[P][M]>> {
    const { path: values = {}, query = {}, body, ifMatch } = options as Loose;
    const url = new URL(path.replace(/\{(\w+)\}/g, (_, name: string) => encodeURIComponent(values[name] ?? "")), this.base);
    for (const [name, value] of Object.entries(query)) {
      url.searchParams.set(name, String(value));
    }
    const headers = new Headers();
    if (this.token !== null) headers.set("Authorization", `Bearer ${this.token}`);
    if (ifMatch !== undefined) headers.set("If-Match", ifMatch);
    if (body !== undefined) headers.set("Content-Type", "application/json");
    const payload = body === undefined ? null : JSON.stringify(body);
    const response = await fetch(url, { method: method.toUpperCase(), headers, body: payload });
    const text = await response.text();
    const answer = { status: response.status, body: text === "" ? null : JSON.parse(text), headers: response.headers };
    return answer as Answer<paths[P][M]>;
  }
}

/** The answer with the status that the caller counts on; any other ends in an error. */
export function expected<A extends { status: number; body: unknown }, const S extends A["status"]>(
  answer: A,
  status: S,
): Extract<A, { status: S }> {
  if (answer.status !== status) {
    throw new Error(`${answer.status} instead of ${status}: ${JSON.stringify(answer.body)}`);
  }
  return answer as Extract<A, { status: S }>;
}
