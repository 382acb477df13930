import { describe } from 'vitest'
import { hasDynamoDb, openAws } from '#test/support/emulators/open-test-aws-store.ts'
import { describeStories } from './trace-stories.ts'

describe.skipIf(!(await hasDynamoDb()))('with DynamoDB', () => {
  describeStories('on AWS', (clock) => openAws({ clock }))
})
