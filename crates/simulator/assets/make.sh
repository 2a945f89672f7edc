#!/bin/sh
# Makes the clips that simulated engines and origins send: 12 s each, 640x360 at 25 frames a second, H.264 and AAC.
# Needs ffmpeg with libx264 and libfreetype, and a font (FONT names another than DejaVu Sans Mono).
#
# What makes a clip fit for looping:
# - 300 frames in six closed groups of 2 s, so every group can be a segment;
# - sound at 32 kHz: 12 s are 375 whole AAC frames there, so picture and sound end together to the tick
#   (48 kHz would need 562.5). It is cut out of a longer tone, so that even the seam makes no click;
# - each frame of sound begins a PES of its own, so that none spans a cut; at 36 kbit/s most take one packet.
set -eu
cd "$(dirname "$0")"
FONT=${FONT:-/usr/share/fonts/truetype/dejavu/DejaVuSansMono.ttf}
work=$(mktemp -d)
trap 'rm -rf "$work"' EXIT

# make NAME CRF TONE SOURCE: the source's picture with a running clock, and beeps of this pitch.
make() {
    label="fontfile=$FONT:fontcolor=white:box=1:boxcolor=black@0.7:boxborderw=8"
    clock="drawtext=$label:fontsize=40:x=(w-tw)/2:y=h-80:text='%{pts\\:hms}'"
    name="drawtext=$label:fontsize=22:x=(w-tw)/2:y=24:text='Weir  $1  frame %{n}'"
    ffmpeg -v error -y -f lavfi -i "$4" -vf "$clock,$name,format=yuv420p" -frames:v 300 \
        -c:v libx264 -profile:v main -level 3.0 -preset veryslow -crf "$2" -bf 2 \
        -x264-params keyint=50:min-keyint=50:scenecut=0:open-gop=0 "$work/video.mp4"
    ffmpeg -v error -y -f lavfi -i "sine=f=$3:beep_factor=3:r=32000:d=36" -ac 2 -c:a aac -b:a 36k "$work/long.aac"
    ffmpeg -v error -y -i "$work/long.aac" -ss 12 -t 12 -c copy "$work/sound.aac"
    ffmpeg -v error -y -i "$work/video.mp4" -i "$work/sound.aac" -c copy -f mpegts \
        -pes_payload_size 0 -pat_period 60 -sdt_period 60 "$1.mpegts"
}

make testcard 40 440 "testsrc2=s=640x360:r=25"
make bars 20 550 "smptehdbars=s=640x360:r=25,drawbox=x='mod(t*160,640)':y=150:w=60:h=60:c=white:t=fill"
make waves 21 660 "gradients=s=640x360:r=25:speed=0.03:seed=7:nb_colors=4"
ls -l ./*.mpegts
