// The words for where a message of the queue is, as Postfix has them.

export const queueStates = ['incoming', 'active', 'deferred', 'hold', 'corrupt'] as const
export type QueueState = (typeof queueStates)[number]
