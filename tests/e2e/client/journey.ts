// One task's life through the typed client. The lines marked @ts-expect-error must not compile: were the generated
// types vague, the compiler would complain that there is nothing to complain about.

import { Client, expected, type Task } from "./client.js";

export async function journey(base: string, email: string): Promise<string[]> {
  const client = new Client(base);
  const account = { email, password: "correct horse battery staple" };

  const registered = await client.call("post", "/api/auth/register", { body: account });
  const done = [expected(registered, 201).body.user.email];
  const login = expected(await client.call("post", "/api/auth/login", { body: account }), 200);
  const lifetime: number = login.body.expires_in;
  const kind: "bearer" = login.body.token_type;
  client.token = login.body.access_token;
  done.push(`${kind} for ${lifetime} s`);

  const made = expected(await client.call("post", "/api/tasks", { body: { title: "Pay rent" } }), 201).body;
  const due = { date: "2026-11-30", time: "09:00", time_zone: "Europe/Berlin" };
  const second = await client.call("post", "/api/tasks", { body: { title: "Call Ada", priority: "high", due } });
  const zone: string | null | undefined = expected(second, 201).body.due?.time_zone;
  done.push(`${zone}`);

  const query = { status: "pending", sort: "-created_at", limit: 10, count: true } as const;
  const listed = expected(await client.call("get", "/api/tasks", { query }), 200);
  const first: Task | undefined = listed.body[0];
  done.push(`${first?.title} of ${listed.headers.get("X-Total-Count")}`);

  const path = { task_id: made.id };
  const change = { body: { title: "Pay the rent", description: null } };
  const patched = await client.call("patch", "/api/tasks/{task_id}", { path, ...change, ifMatch: `"${made.version}"` });
  done.push(expected(patched, 200).body.title);
  const stale = await client.call("patch", "/api/tasks/{task_id}", { path, ...change, ifMatch: `"${made.version}"` });
  if (stale.status === 412) {
    done.push(stale.body.code);
  }
  const completed = await client.call("post", "/api/tasks/{task_id}/complete", { path });
  done.push(`completed: ${expected(completed, 200).body.completed}`);
  const nothing: null = expected(await client.call("delete", "/api/tasks/{task_id}", { path }), 204).body;
  const gone = expected(await client.call("get", "/api/tasks/{task_id}", { path }), 404);
  done.push(`${nothing}, then ${gone.body.code}`);
  return done;
}

export async function mistakes(client: Client, task: Task): Promise<void> {
  const path = { task_id: task.id };
  // @ts-expect-error: there is no such path
  await client.call("get", "/api/chores", {});
  // @ts-expect-error: the path has no such method
  await client.call("delete", "/api/tasks", {});
  // @ts-expect-error: the path needs its parameter
  await client.call("get", "/api/tasks/{task_id}", {});
  // @ts-expect-error: a new task needs a title
  await client.call("post", "/api/tasks", { body: { description: "none" } });
  // @ts-expect-error: a title is never null
  await client.call("patch", "/api/tasks/{task_id}", { path, body: { title: null } });
  // @ts-expect-error: there are four priorities
  await client.call("patch", "/api/tasks/{task_id}", { path, body: { priority: "urgent" } });
  // @ts-expect-error: there is no such filter
  await client.call("get", "/api/tasks", { query: { colour: "red" } });
  // @ts-expect-error: there is no such order
  await client.call("get", "/api/tasks", { query: { sort: "colour" } });
  // @ts-expect-error: a completed task has an instant, an open one has none
  const instant: string = task.completed_at;
  // @ts-expect-error: a task has no such field
  const colour: string = task.colour;
  const answer = await client.call("get", "/api/tasks/{task_id}", { path });
  // @ts-expect-error: it may be a problem as well
  const title: string = answer.body.title.length > 0 && answer.body.position;
  // @ts-expect-error: no such status is answered
  expected(answer, 418);
  console.log(instant, colour, title);
}
