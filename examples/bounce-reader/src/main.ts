import { listen } from '@posthouse/smtp/node'
import { bounceServer } from './bounces.js'
import { createSubscribers } from './subscribers.js'

const subscribers = createSubscribers(['ada@example.test', 'grace@example.test'])
const { port } = await listen(bounceServer(subscribers, 'news.example.test'), {
  port: Number(process.env.PORT ?? 2525),
})
console.log(`bounces to bounce+<id>@news.example.test are read on port ${port}`)
