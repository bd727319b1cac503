// What a browser puts between a page and a server of another origin (Fetch Standard: "CORS protocol", "CORS check",
// "CORS-preflight fetch"). Node's fetch asks for no permission and lets Origin be set, so the rules stand here.

const SAFE_METHODS = ["GET", "HEAD", "POST"];
const SAFE_REQUEST_HEADERS = ["accept", "accept-language", "content-language"];
const SAFE_TYPES = ["application/x-www-form-urlencoded", "multipart/form-data", "text/plain"];
const SAFE_RESPONSE_HEADERS = [
  "cache-control",
  "content-language",
  "content-length",
  "content-type",
  "expires",
  "last-modified",
  "pragma",
];

export class CorsError extends Error {}

/** A page of an origin, whose requests carry credentials: so no wildcard counts. */
export class Page {
  constructor(origin) {
    this.origin = origin;
  }

  /** As `fetch` in a browser: asks first where it must, and shows what the server lets a page see. */
  async fetch(url, { method = "GET", headers = {}, body } = {}) {
    const unsafe = unsafeHeaders(headers);
    if (!SAFE_METHODS.includes(method) || unsafe.length > 0) {
      await this.preflight(url, method, unsafe);
    }
    const sent = { ...headers, Origin: this.origin };
    const response = await fetch(url, { method, headers: sent, body, redirect: "error" });
    this.#checkOrigin(response);
    return new Answer(response);
  }

  /** Ask as a browser does before a request that is not simple; gives the answer's headers. */
  async preflight(url, method, unsafe) {
    const question = {
      Origin: this.origin,
      "Access-Control-Request-Method": method,
      "Access-Control-Request-Headers": unsafe.join(","),
    };
    if (unsafe.length === 0) {
      delete question["Access-Control-Request-Headers"];
    }
    const response = await fetch(url, { method: "OPTIONS", headers: question, redirect: "error" });
    this.#checkOrigin(response);
    if (!response.ok) {
      throw new CorsError(`the preflight of ${method} ${url} was answered ${response.status}`);
    }
    const methods = listed(response, "access-control-allow-methods");
    if (!methods.includes(method) && !SAFE_METHODS.includes(method)) {
      throw new CorsError(`${method} is not among the allowed methods: ${methods}`);
    }
    const allowed = listed(response, "access-control-allow-headers").map((name) => name.toLowerCase());
    for (const name of unsafe) {
      if (!allowed.includes(name)) {
        throw new CorsError(`${name} is not among the allowed headers: ${allowed}`);
      }
    }
    return response.headers;
  }

  #checkOrigin(response) {
    const allowed = response.headers.get("access-control-allow-origin");
    if (allowed !== this.origin) {
      throw new CorsError(`access-control-allow-origin is ${allowed}, the page's origin ${this.origin}`);
    }
    if (response.headers.get("access-control-allow-credentials") !== "true") {
      throw new CorsError("credentials are not allowed");
    }
  }
}

/** An answer as a page sees it: a header that is not exposed is not there. */
class Answer {
  #response;

  constructor(response) {
    this.#response = response;
    this.status = response.status;
    this.url = response.url;
  }

  header(name) {
    const exposed = listed(this.#response, "access-control-expose-headers").map((each) => each.toLowerCase());
    const isVisible = [...SAFE_RESPONSE_HEADERS, ...exposed].includes(name.toLowerCase());
    return isVisible ? this.#response.headers.get(name) : null;
  }

  json() {
    return this.#response.json();
  }

  text() {
    return this.#response.text();
  }
}

function unsafeHeaders(headers) {
  const unsafe = Object.entries(headers).filter(([name, value]) => {
    const type = value.split(";")[0].trim().toLowerCase();
    const isSafeType = name.toLowerCase() === "content-type" && SAFE_TYPES.includes(type);
    return !isSafeType && !SAFE_REQUEST_HEADERS.includes(name.toLowerCase());
  });
  return unsafe.map(([name]) => name.toLowerCase()).sort();
}

function listed(response, name) {
  const value = response.headers.get(name) ?? "";
  return value
    .split(",")
    .map((item) => item.trim())
    .filter((item) => item !== "");
}
