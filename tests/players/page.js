// Plays `url` with `player` ("hls.js" or "native") and keeps count, inside the page, of what a viewer sees.
const asked = new URLSearchParams(location.search);
const video = document.querySelector('video');
const seen = { fault: null, lastFrameAt: null, longestGapMilliseconds: 0, waits: 0 };

function onFrame(now) {
  if (seen.lastFrameAt !== null) {
    seen.longestGapMilliseconds = Math.max(seen.longestGapMilliseconds, now - seen.lastFrameAt);
  }
  seen.lastFrameAt = now;
  video.requestVideoFrameCallback(onFrame);
}

video.requestVideoFrameCallback(onFrame);
video.addEventListener('waiting', () => (seen.waits += 1));
video.addEventListener('error', () => (seen.fault ??= `media error ${video.error.code}: ${video.error.message}`));

/** A picture that is still standing counts as a gap too, long before the next one ends it. */
window.look = () => {
  const now = performance.now();
  const standing = seen.lastFrameAt === null ? 0 : now - seen.lastFrameAt;
  return {
    at: now,
    frames: video.getVideoPlaybackQuality().totalVideoFrames,
    seconds: video.currentTime,
    width: video.videoWidth,
    fault: seen.fault,
    waits: seen.waits,
    longestGapMilliseconds: Math.max(seen.longestGapMilliseconds, standing),
  };
};

/** From here on, gaps and waits are counted anew. */
window.forget = () => {
  seen.longestGapMilliseconds = 0;
  seen.waits = 0;
};

if (asked.get('player') === 'native') {
  video.src = asked.get('url');
} else {
  const hls = new Hls();
  hls.on(Hls.Events.ERROR, (_event, error) => {
    if (error.fatal) seen.fault ??= `hls.js ${error.type}: ${error.details}`;
  });
  hls.loadSource(asked.get('url'));
  hls.attachMedia(video);
}
