LC_ALL=C; export LC_ALL
echo 'opsdeck sample 1'
(cd /proc && exec grep -s -E '^(cpu |btime |MemTotal:|MemAvailable:|SwapTotal:|SwapFree:|pswpin |some |full |TCP:|TCP6:|[0-9])' \
stat meminfo vmstat loadavg uptime pressure/cpu pressure/memory pressure/io net/sockstat net/sockstat6 \
sys/net/netfilter/nf_conntrack_count sys/net/netfilter/nf_conntrack_max /sys/devices/system/cpu/online)
if command -v timeout >/dev/null; then limit='timeout -k 1 3'; else limit=; fi
echo df
$limit df -lk --output=source,fstype,size,used,avail,itotal,iused,target 2>/dev/null
case $? in
  0 | 124 | 137) ;;
  *) echo 'df -P'; $limit df -Pk 2>/dev/null; echo 'df -i'; $limit df -Pi 2>/dev/null ;;
esac
echo end
