//! Accepts connections and speaks TLS and HTTP on them, within limits (SPEC L12).

use super::body::Noting;
use crate::http::Peer;
use axum::Router;
use axum::response::Response;
use hyper::Request;
use hyper::body::Incoming;
use hyper::header::{CONNECTION, HeaderValue};
use hyper::server::conn::http1;
use hyper::service::service_fn;
use hyper_util::rt::{TokioIo, TokioTimer};
use hyper_util::server::graceful::{GracefulShutdown, Watcher};
use rustls::ServerConfig;
use std::convert::Infallible;
use std::future::poll_fn;
use std::io;
use std::net::SocketAddr;
use std::pin::pin;
use std::sync::Arc;
use std::sync::atomic::Ordering;
use std::task::Poll;
use std::time::Duration;
use tokio::io::{AsyncReadExt, AsyncWriteExt};
use tokio::net::{TcpListener, TcpStream};
use tokio::sync::{OwnedSemaphorePermit, Semaphore, watch};
use tokio::time::{sleep, timeout};
use tokio_rustls::TlsAcceptor;
use tokio_rustls::server::TlsStream;
use tower::ServiceExt;

/// Connections at one time; the next wait in the system's queue.
const CONNECTIONS_MAX: usize = 10_000;
/// For the TLS handshake.
const HANDSHAKE_WITHIN: Duration = Duration::from_secs(10);
/// For the head of a request, and between two requests.
const HEAD_WITHIN: Duration = Duration::from_secs(30);
/// The head of a request.
const HEAD_MAX: usize = 16 << 10;
/// Headers of a request.
const HEADERS_MAX: usize = 64;
/// Before accepting again when the system has no descriptors left.
const ACCEPT_PAUSE: Duration = Duration::from_millis(100);
/// The first byte of a TLS connection: a handshake record.
const TLS_HANDSHAKE: u8 = 22;

/// Serves `router` on `listener` until `stop` becomes true; then lets what is under way end, for
/// at most `grace`.
pub(super) async fn serve(
    listener: TcpListener,
    tls: Arc<ServerConfig>,
    router: Router,
    mut stop: watch::Receiver<bool>,
    grace: Duration,
) {
    let acceptor = TlsAcceptor::from(tls);
    let limit = Arc::new(Semaphore::new(CONNECTIONS_MAX));
    let graceful = GracefulShutdown::new();
    loop {
        let accepted = tokio::select! {
            accepted = accept(&listener, &limit) => accepted,
            // An error means that the other end is gone, and with it the server.
            _ = stop.wait_for(|stop| *stop) => break,
        };
        let Some((stream, peer, permit)) = accepted else { break };
        let (acceptor, router, mut stop) = (acceptor.clone(), router.clone(), stop.clone());
        let watcher = graceful.watcher();
        tokio::spawn(async move {
            let stream = tokio::select! {
                stream = shake_hands(stream, acceptor) => stream,
                // Nothing was asked yet: there is nothing to wait for.
                _ = stop.wait_for(|stop| *stop) => Ok(None),
            };
            let ended = match stream {
                Ok(Some(stream)) => converse(stream, peer, router, watcher).await,
                Ok(None) => Ok(()),
                Err(error) => Err(error),
            };
            if let Err(error) = ended {
                tracing::debug!(%peer, %error, "a connection ended early");
            }
            drop(permit);
        });
    }
    // The first poll tells every connection that its next answer is the last. Only then is the port
    // closed: whoever sees that can rely on it.
    let mut shutdown = pin!(graceful.shutdown());
    let idle = poll_fn(|context| Poll::Ready(shutdown.as_mut().poll(context).is_ready())).await;
    drop(listener);
    if !idle && timeout(grace, shutdown).await.is_err() {
        tracing::warn!("connections were still busy and were cut off");
    }
}

async fn accept(
    listener: &TcpListener,
    limit: &Arc<Semaphore>,
) -> Option<(TcpStream, SocketAddr, OwnedSemaphorePermit)> {
    let permit = Arc::clone(limit).acquire_owned().await.ok()?;
    loop {
        match listener.accept().await {
            Ok((stream, peer)) => return Some((stream, peer, permit)),
            Err(error) => {
                tracing::warn!(%error, "a connection could not be accepted");
                sleep(ACCEPT_PAUSE).await;
            }
        }
    }
}

type Failure = Box<dyn std::error::Error + Send + Sync>;

/// Gives nothing when the client does not speak TLS; it was told so.
async fn shake_hands(
    mut stream: TcpStream,
    acceptor: TlsAcceptor,
) -> Result<Option<TlsStream<TcpStream>>, Failure> {
    stream.set_nodelay(true)?;
    if timeout(HANDSHAKE_WITHIN, begins_with_tls(&stream)).await?? {
        return Ok(Some(timeout(HANDSHAKE_WITHIN, acceptor.accept(stream)).await??));
    }
    timeout(HANDSHAKE_WITHIN, refuse_plain(&mut stream)).await??;
    Ok(None)
}

async fn converse(
    stream: TlsStream<TcpStream>,
    peer: SocketAddr,
    router: Router,
    watcher: Watcher,
) -> Result<(), Failure> {
    let service = service_fn(move |request| answer(request, peer, router.clone()));
    let connection = http1::Builder::new()
        .timer(TokioTimer::new())
        .header_read_timeout(HEAD_WITHIN)
        .max_buf_size(HEAD_MAX)
        .max_headers(HEADERS_MAX)
        .serve_connection(TokioIo::new(stream), service);
    Ok(watcher.watch(connection).await?)
}

/// A request that was answered before it was read to its end is the last on its connection. The
/// client is told so: it would lose the next one otherwise.
async fn answer(
    request: Request<Incoming>,
    peer: SocketAddr,
    router: Router,
) -> Result<Response, Infallible> {
    let (mut head, body) = request.into_parts();
    head.extensions.insert(Peer(peer.ip()));
    let (body, read) = Noting::new(body);
    let mut response = router.oneshot(Request::from_parts(head, body)).await?;
    if !read.load(Ordering::Relaxed) {
        response.headers_mut().insert(CONNECTION, HeaderValue::from_static("close"));
    }
    Ok(response)
}

async fn begins_with_tls(stream: &TcpStream) -> io::Result<bool> {
    let mut first = [0];
    Ok(stream.peek(&mut first).await? == 1 && first == [TLS_HANDSHAKE])
}

/// Tells a client that speaks plain HTTP what to do, in the only protocol it understands.
async fn refuse_plain(stream: &mut TcpStream) -> io::Result<()> {
    const TEXT: &str = "This port speaks HTTPS only. Begin the address with https://.\n";
    let response = format!(
        "HTTP/1.1 400 Bad Request\r\nContent-Type: text/plain\r\nContent-Length: {}\r\n\
         Connection: close\r\n\r\n{TEXT}",
        TEXT.len()
    );
    stream.write_all(response.as_bytes()).await?;
    stream.shutdown().await?;
    // Closing with something unread would reset the connection before the client has read this.
    let mut unread = [0; 1_024];
    while stream.read(&mut unread).await? > 0 {}
    Ok(())
}

#[cfg(test)]
mod tests {
    use super::*;
    use std::io::Read;

    /// Time stands still while something can be done, and leaps when all wait.
    #[tokio::test(start_paused = true)]
    async fn whoever_connects_and_says_nothing_is_cut_off() {
        let listener = TcpListener::bind("127.0.0.1:0").await.unwrap();
        let address = listener.local_addr().unwrap();
        let client = std::thread::spawn(move || {
            let mut stream = std::net::TcpStream::connect(address).unwrap();
            stream.read(&mut [0]).unwrap_or(0)
        });
        let (stream, _) = listener.accept().await.unwrap();
        let made = crate::tls::self_signed(&["localhost".into()]).unwrap();
        let dir = tempfile::tempdir().unwrap();
        let files = crate::config::TlsFiles {
            certificate: dir.path().join("c.pem"),
            key: dir.path().join("k.pem"),
        };
        std::fs::write(&files.certificate, made.certificate).unwrap();
        std::fs::write(&files.key, made.key).unwrap();
        let acceptor = TlsAcceptor::from(crate::tls::server_config(&files).unwrap());
        let cut_off = shake_hands(stream, acceptor).await.err().unwrap();
        assert!(cut_off.is::<tokio::time::error::Elapsed>(), "{cut_off}");
        assert_eq!(client.join().unwrap(), 0);
    }
}
