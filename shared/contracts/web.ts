// What is served over HTTP meets here: the API, the console, what sets clients up, the policy of MTA-STS, challenges of ACME, metrics. Each is
// a handler in the words of the fetch standard, which says nothing of sockets: on one machine `services/http` asks them one after the
// other, on AWS a function behind an HTTP API does.

/** Who asks, as the server knows it; never what a header field claims, unless a trusted proxy wrote it. */
export type WebCaller = {
  /** Of the client; an IPv4 or IPv6 address without brackets. */
  readonly address: string
  /** Whether it speaks TLS with us, or with a proxy that we trust. */
  readonly isSecure: boolean
}

/**
 * Undefined: not mine, ask the next. What the request's body holds is limited by the server; whoever reads it limits it again to what the
 * operation takes. Rejects with TemporaryFailure where it cannot be answered now: 503.
 */
export type WebHandler = (request: Request, caller: WebCaller) => Promise<Response | undefined>

/** A part of the site. The first that answers has answered. */
export type WebPart = {
  /** In the log. */
  readonly name: string
  /**
   * `any`: over plain HTTP too, to anybody: what has to be, and is no secret. `private`: credentials may cross, so over TLS, or in clear
   * on this machine alone.
   */
  readonly over: 'any' | 'private'
  readonly handler: WebHandler
}
