// Events where nobody holds them: what changes is changed by other processes than the one that is asked, so whoever asks from
// time to time is told to look anew. The id stays the same, by which a client knows that it need not ask sooner.

import type { EventId, EventSource } from '#shared/events/event.ts'
import { eventTopics } from '#shared/events/event.ts'

const LAST = 'none-0' as EventId

export const unseenEvents: EventSource = {
  topics: eventTopics,
  read: async ({ after }) => ({ events: [], last: LAST, reset: after !== undefined }),
}
