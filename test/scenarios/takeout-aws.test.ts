import { describe } from 'vitest'
import { hasDynamoDb, openAws } from '#test/support/emulators/open-test-aws-store.ts'
import { describeTakeouts } from './takeout-stories.ts'

describe.skipIf(!(await hasDynamoDb()))('a takeout on DynamoDB and S3', () =>
  describeTakeouts((clock) => openAws({ clock })),
)
