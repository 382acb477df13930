/** Network load balancers and connection tracking forget a flow that was silent for 350 s; this keeps an idle client's alive. */
export const KEEP_ALIVE_INITIAL_DELAY_MS = 290_000

/** How every listener wants the sockets it accepts. */
export const acceptedSockets = {
  // Whoever closes after the last command still gets the replies.
  allowHalfOpen: true,
  noDelay: true,
  keepAlive: true,
  keepAliveInitialDelay: KEEP_ALIVE_INITIAL_DELAY_MS,
} as const
