// A registry that knows its users by their keys, as ollama.com's does: hands out a token only for a request that is signed,
// and shows its one model only to whom has the token. Verifies with node's own crypto.
//   node signed_registry.mjs PORT_FILE PUBLIC_KEY_FILE
import crypto from 'node:crypto'
import fs from 'node:fs'
import http from 'node:http'

const [portFile, publicKeyFile] = process.argv.slice(2)
const sha256 = (content) => crypto.createHash('sha256').update(content).digest('hex')
const emptyDigest = Buffer.from(sha256('')).toString('base64')
const token = crypto.randomBytes(16).toString('hex')
const scope = 'repository:library/signed:pull'
const seen = new Set()

const blobs = new Map()
const layer = (mediaType, content) => {
  const digest = `sha256:${sha256(content)}`
  blobs.set(digest, content)
  return { mediaType, digest, size: content.length }
}
const manifest = JSON.stringify({
  schemaVersion: 2,
  mediaType: 'application/vnd.docker.distribution.manifest.v2+json',
  config: layer('application/vnd.docker.container.image.v1+json', '{"model_format":"gguf"}'),
  layers: [layer('application/vnd.ollama.image.model', 'g'.repeat(5000)),
    layer('application/vnd.ollama.image.system', 'Be brief.')],
})

// Whether the header's key is the known one and its signature that of the text.
function proof(header, text) {
  const [key, signature] = (header ?? '').split(':')
  if (!signature) return 'it is not signed'
  if (fs.readFileSync(publicKeyFile, 'utf8') !== `ssh-ed25519 ${key}\n`) return 'the key is not known'
  const blob = Buffer.from(key, 'base64')
  if (blob.subarray(4, 15).toString() !== 'ssh-ed25519' || blob.length !== 51) return 'the key is of another kind'
  const spki = Buffer.concat([Buffer.from('302a300506032b6570032100', 'hex'), blob.subarray(19)])
  const publicKey = crypto.createPublicKey({ key: spki, format: 'der', type: 'spki' })
  const right = crypto.verify(null, Buffer.from(text), publicKey, Buffer.from(signature, 'base64'))
  return right ? '' : 'the signature is wrong'
}

// What is wrong with a request for a token; nothing when all is well.
function fault(request) {
  const url = new URL(`http://${request.headers.host}${request.url}`)
  const wrong = proof(request.headers.authorization, `GET,${url.href},${emptyDigest}`)
  if (wrong) return wrong
  if (url.searchParams.get('scope') !== scope || url.searchParams.get('service') !== 'models') return 'it asks for something else'
  if (Math.abs(Date.now() / 1000 - Number(url.searchParams.get('ts'))) > 600) return 'it is old'
  const nonce = url.searchParams.get('nonce') ?? ''
  if (nonce.length < 22 || seen.has(nonce)) return 'it was sent before'
  seen.add(nonce)
  return ''
}

const server = http.createServer((request, response) => {
  const base = `http://${request.headers.host}`
  if (request.url.startsWith('/token')) {
    const wrong = fault(request)
    console.log(wrong ? `refused: ${wrong}` : 'granted')
    response.writeHead(wrong ? 401 : 200, { 'Content-Type': 'application/json' })
    return response.end(wrong ? '{}' : JSON.stringify({ token }))
  }
  if (request.url.startsWith('/api/tags?ts=')) { // a server whose clients sign what they ask for
    const wrong = proof(request.headers.authorization, `${request.method},${request.url}`)
    response.writeHead(wrong ? 401 : 200, { 'Content-Type': 'application/json' })
    return response.end(JSON.stringify(wrong ? { error: wrong } : { models: [] }))
  }
  if (request.headers.authorization !== `Bearer ${token}`) {
    response.writeHead(401, { 'WWW-Authenticate': `Bearer realm="${base}/token",service="models",scope="${scope}"` })
    return response.end('{}')
  }
  if (request.url === '/v2/library/signed/manifests/latest') {
    response.writeHead(request.method === 'PUT' ? 201 : 200) // pushed are only models that are there already
    return response.end(request.method === 'PUT' ? '' : manifest)
  }
  const content = blobs.get(request.url.replace('/v2/library/signed/blobs/', ''))
  response.writeHead(content ? 200 : 404)
  return response.end(content ?? '{}')
})
server.listen(0, '127.0.0.1', () => {
  fs.writeFileSync(`${portFile}.tmp`, `${server.address().port}\n`)
  fs.renameSync(`${portFile}.tmp`, portFile)
})
